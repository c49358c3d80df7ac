"""Makes `config/defaults/secrets.json` from CredSweeper's rules: the way to update them.

    pip download --no-deps credsweeper && unzip credsweeper-*.whl -d unpacked
    pip install pyyaml
    python bench/secret_rules.py unpacked VERSION > config/defaults/secrets.json
    python bench/leaks.py            # recall, false alarms and speed must stay as they are

Of the rules those are taken that know a token by its own shape. What a rule needs besides (a word
before it, a trained model, a checksum) is left out, and so are identifiers that are no secrets.
CredSweeper: https://github.com/Samsung/CredSweeper, MIT licence.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

LEAD_IN = (
    r"(?:^|/|[^\\0-9A-Za-z+_-]|\\[0abfnrtv]|(?:%|\\x)[0-9A-Fa-f]{2}|\\[0-7]{3}"
    r"|\\[Uu][0-9A-Fa-f]{4}|\x1B\[[0-9;]{0,80}m)"
)
"""How CredSweeper says that a token begins here; the finder has its own, quicker way."""

LEFT_OUT = {
    *("UUID", "Product Activation Key", "Firebase Domain", "AWS S3 Bucket"),  # no secrets
    *("Tencent WeChat API App ID", "Salesforce Credentials", "Twilio Multi"),  # identifiers
    *("OTP / 2FA Secret", "NKEY Seed", "Dropbox App secret", "Composio Credentials"),  # any word
    *("Dropbox API secret (long term)", "BASE64 Private Key", "Jira / Confluence PAT token"),
    *("JSON Web Token", "JSON Web Key", "Azure Access Token", "Grafana Provisioned API Key"),
    *("PASETO Token", "PASERK Keys", "NTLM Token", "Basic Authorization", "Bearer Authorization"),
    "PEM Private Key",  # the finder reads tokens of JSON and PEM itself
}
CHANGED: dict[str, tuple[list[str], str, bool]] = {
    # Of the identifiers AWS gives out, only those that sign; their alphabet is base 32.
    "AWS Client ID": (
        ["AKIA", "ASIA", "ABIA", "ACCA"],
        r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![0-9A-Za-z_+-])",
        True,
    ),
    "Twilio Credentials": (["SK"], r"SK[0-9a-f]{32}(?![0-9A-Za-z_+-])", True),
    # `pk_` and `phc_` are made to be published.
    "Stripe Credentials": (
        ["k_live_", "k_test_", "whsec_"],
        r"(?:whsec|[rs]k_(?:test|live))_[0-9A-Za-z]{24,160}",
        False,
    ),
    "PostHog Credentials": (
        ["phx_", "phs_", "phr_", "pha_"],
        r"ph[arsx]_[0-9A-Za-z]{40,60}(?![0-9A-Za-z_-])",
        True,
    ),
    "Anthropic API Key": (
        ["sk-ant-"],
        r"sk-ant-[a-z]{3,8}[0-9]{2}-[0-9A-Za-z_-]{64,160}(?![0-9A-Za-z_-])",
        False,
    ),
    "Groq API Key": (["gsk_"], r"gsk_[0-9A-Za-z]{48,56}(?![0-9A-Za-z_-])", True),
    "OpenAI Token": (
        ["sk-"],
        r"sk-(?:(?:proj|svcacct|admin|None)-[0-9A-Za-z_-]{40,200}|[0-9A-Za-z]{48})(?![0-9A-Za-z_-])",
        True,
    ),
}
ADDED: list[tuple[str, list[str], str, bool]] = [
    ("Replicate API Token", ["r8_"], r"r8_[0-9A-Za-z]{37}(?![0-9A-Za-z_-])", True),
    ("NVIDIA API Key", ["nvapi-"], r"nvapi-[0-9A-Za-z_-]{60,72}(?![0-9A-Za-z_-])", True),
    ("Cerebras API Key", ["csk-"], r"csk-[0-9a-z]{48}(?![0-9A-Za-z_-])", True),
    (
        "LangSmith API Key",
        ["lsv2_"],
        r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}(?![0-9A-Za-z_-])",
        True,
    ),
    (
        "Langfuse Secret Key",
        ["sk-lf-"],
        r"sk-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9A-Za-z_-])",
        True,
    ),
    ("Pinecone API Key", ["pcsk_"], r"pcsk_[0-9A-Za-z_]{60,80}(?![0-9A-Za-z_-])", True),
    (
        "Resend API Key",
        ["re_"],
        r"re_[0-9A-Za-z]{8}_[0-9A-Za-z]{24}(?![0-9A-Za-z_-])",
        True,
    ),
    ("Neon API Key", ["napi_"], r"napi_[0-9a-z]{64}(?![0-9A-Za-z_-])", True),
    ("crates.io Token", ["cio"], r"cio[0-9A-Za-z]{32}(?![0-9A-Za-z_-])", True),
    (
        "Azure Account Key",
        ["AccountKey="],
        r"AccountKey=(?P<value>[0-9A-Za-z+/]{86}==)",
        False,
    ),
    (
        "Cloudflare Origin CA Key",
        ["v1.0-"],
        r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}(?![0-9A-Za-z_-])",
        True,
    ),
    (
        "JSON Web Token",
        ["eyJ"],
        r"eyJ[0-9A-Za-z_-]{10,2000}\.eyJ[0-9A-Za-z_-]{10,8000}\.[0-9A-Za-z_-]{20,1400}",
        True,
    ),
    ("Mapbox Secret Token", ["sk.eyJ"], r"sk\.eyJ[0-9A-Za-z_-]{40,200}\.[0-9A-Za-z_-]{20,}", True),
    ("Buildkite Token", ["bkua_"], r"bkua_[0-9a-z]{40}(?![0-9A-Za-z_-])", True),
]
"""Tokens that CredSweeper does not know, or knows by more than their shape. The shapes are from the
documentation of who issues them."""


def main(folder: Path, version: str) -> None:
    """Write the file to standard output."""
    import yaml

    (licence,) = folder.glob("credsweeper-*.dist-info/licenses/LICENSE")
    rules: list[dict[str, object]] = []
    source = (folder / "credsweeper/rules/config.yaml").read_text(encoding="utf-8")
    for rule in yaml.safe_load(source):
        made = _rule(rule)
        if made is not None:
            rules.append(made)
    for kind, keys, pattern, bounded in ADDED:
        rules.append({"kind": kind, "keys": keys, "pattern": pattern, "bounded": bounded})
    head = {
        "source": f"CredSweeper {version}, rules/config.yaml, changed by bench/secret_rules.py",
        "licence": licence.read_text(encoding="utf-8"),
    }
    lines = ",\n  ".join(json.dumps(rule) for rule in rules)
    print(f'{json.dumps(head, indent=1)[:-2]},\n "rules": [\n  {lines}\n ]\n}}')


def _rule(rule: dict[str, Any]) -> dict[str, object] | None:
    name = str(rule["name"])
    if name in CHANGED:
        keys, pattern, bounded = CHANGED[name]
        return {"kind": name, "keys": keys, "pattern": pattern, "bounded": bounded}
    by_shape = rule["type"] == "pattern" and not rule.get("use_ml")
    if name in LEFT_OUT or not by_shape:
        return None
    (whole,) = rule["values"]
    pattern = whole.removeprefix(LEAD_IN)
    keys = rule.get("required_substrings") or []
    # Keys that are in every text are no keys.
    keys = [] if any(len(key) < 2 for key in keys) else keys
    re.compile(pattern)
    return {"kind": name, "keys": keys, "pattern": pattern, "bounded": pattern != whole}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
