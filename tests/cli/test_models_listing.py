"""`kedge models` says what is missing, by the names of the variables to set."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def listed(home: Path, *arguments: str, **variables: str) -> str:
    env = {"PATH": os.environ["PATH"], "KEDGE_HOME": str(home), **variables}
    command = [sys.executable, "-m", "kedge", "models", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("provider", "wanted"),
    [
        ("openai", "key missing (set OPENAI_API_KEY)"),
        ("vertex", "sign-in missing (set ANTHROPIC_VERTEX_PROJECT_ID and CLOUD_ML_REGION)"),
        (
            "bedrock",
            "sign-in missing (set AWS_BEARER_TOKEN_BEDROCK or AWS_ACCESS_KEY_ID or AWS_PROFILE, "
            "and AWS_REGION or AWS_DEFAULT_REGION)",
        ),
    ],
)
def test_what_to_set_is_named(tmp_path: Path, provider: str, wanted: str) -> None:
    assert listed(tmp_path, provider).splitlines()[0].endswith(f": {wanted}")


def test_a_key_alone_is_not_all_that_a_cloud_needs(tmp_path: Path) -> None:
    first = listed(tmp_path, "azure", AZURE_OPENAI_API_KEY="sk-secret").splitlines()[0]
    missing = "not set: AZURE_OPENAI_ENDPOINT and OPENAI_API_VERSION"
    assert first.endswith(f"key from the environment; {missing}")
    assert "sk-secret" not in first
    signed_in = listed(tmp_path, "bedrock", AWS_PROFILE="work", AWS_REGION="eu-west-1")
    assert signed_in.splitlines()[0].endswith(": signed in")


def test_the_json_has_the_same(tmp_path: Path) -> None:
    row = json.loads(listed(tmp_path, "vertex", "--json"))
    assert row["key"] == "missing"
    assert row["sign_in_variables"] == ["ANTHROPIC_VERTEX_PROJECT_ID"]
    assert row["unset_variables"] == [["CLOUD_ML_REGION"]]
