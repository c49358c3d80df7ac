"""The environment that commands get: nothing that asks a person, nothing that runs code unasked."""

from collections.abc import Collection, Mapping

_UNATTENDED = {
    "DEBIAN_FRONTEND": "noninteractive",
    "GCM_INTERACTIVE": "never",
    "GIT_EDITOR": "true",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "MANPAGER": "cat",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "SYSTEMD_PAGER": "cat",
    "TERM": "dumb",
}
# `CI` is not set: test suites and build tools change what they do under it.

_REMOVED = frozenset(
    {
        # Loader and interpreter hooks: code that runs before the command's own.
        *("LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "ENV", "ZDOTDIR"),
        *("PROMPT_COMMAND", "SHELLOPTS", "BASHOPTS", "PS4"),
        *("PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONBREAKPOINT", "PERL5OPT", "PERL5DB", "RUBYOPT"),
        *("NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"),
        *("GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_EXTERNAL_DIFF"),
        *("GIT_PROXY_COMMAND", "GIT_SEQUENCE_EDITOR", "LESSOPEN", "LESSCLOSE"),
        # Set while git runs a hook: they point every git command at that repository.
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"),
        *("GIT_COMMON_DIR", "GIT_NAMESPACE"),
        # They win over NO_COLOR.
        *("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS"),
    }
)
_REMOVED_PREFIXES = ("BASH_FUNC_", "GIT_CONFIG_")


def clean_environment(env: Mapping[str, str], secrets: Collection[str] = ()) -> dict[str, str]:
    """Return `env` for a command that nobody attends.

    Pagers, editors and prompts are switched off, hooks of loaders and interpreters removed, and
    so are the variables named in `secrets` (those that hold providers' keys). The rest is kept.
    """
    kept = {
        name: value
        for name, value in env.items()
        if name not in _REMOVED and name not in secrets and not name.startswith(_REMOVED_PREFIXES)
    }
    return kept | _UNATTENDED


_SECRET_NAMES = ("SECRET", "TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "API_KEY")
_SECRET_ENDS = ("_KEY", "_PAT", "_AUTH", "_PWD", "_DSN")
_SECRET_VALUES = (
    *("sk-", "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxp-"),
    *("AKIA", "ASIA", "AIza", "ya29.", "npm_", "pypi-", "dop_v1_", "hf_", "eyJhbGciOi"),
)


def looks_secret(name: str, value: str, *, listed: bool = False) -> bool:
    """Whether a variable seems to hold a secret, by its name or by how its value begins.

    `listed`: somebody named exactly this variable, so its name is no hint.
    """
    upper = name.upper()
    by_name = upper.endswith(_SECRET_ENDS) or any(part in upper for part in _SECRET_NAMES)
    has_login = "://" in value and "@" in value.partition("://")[2].partition("/")[0]
    by_value = value.startswith(_SECRET_VALUES) or "PRIVATE KEY-----" in value or has_login
    return (by_name and not listed) or by_value
