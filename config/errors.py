"""The root of kedge's error tree, and the errors of configuration.

    KedgeError            exit code 1; every error that is ours to explain
    ├── UsageError        exit code 2; the command line was wrong
    ├── ConfigError       exit code 3; a value in a file, variable or flag was wrong
    └── CredentialsError  exit code 4; there is no key for the provider

Other rooms hang their own branches under `KedgeError`.
"""

from .exit_codes import EXIT_CODES


class KedgeError(Exception):
    """Something that the user can be told in one sentence.

    `str(error)` says what was wrong and where; `hint`, where not empty, says what to do.
    """

    exit_code: int = EXIT_CODES["failed"]
    """What the process exits with when this error ends it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def in_words(self) -> str:
        """What was wrong and what to do about it, for where both go on one line."""
        return f"{self} ({self.hint})" if self.hint else str(self)


class UsageError(KedgeError):
    """The command line asked for something that does not exist or does not fit together."""

    exit_code = EXIT_CODES["usage"]


class ConfigError(KedgeError):
    """A configured value that cannot be used, and the place it was written in."""

    exit_code = EXIT_CODES["config"]

    def __init__(
        self, reason: str, *, file: str = "", line: int = 0, key: str = "", hint: str = ""
    ) -> None:
        self.reason = reason
        """What was wrong, without the place."""
        self.file = file
        """The file, variable or flag that carried the value; empty if there is none."""
        self.line = line
        """1-based line in `file`; 0 where there are no lines, or it was not found."""
        self.key = key
        """The dotted key, as a person would write it; empty if the whole file is meant."""
        place = f"{file}:{line}" if line else file
        super().__init__(": ".join(part for part in (place, key, reason) if part), hint=hint)


class CredentialsError(KedgeError):
    """There is no key for a provider that needs one."""

    exit_code = EXIT_CODES["credentials"]
