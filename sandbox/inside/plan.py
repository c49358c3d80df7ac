"""What the helper is told once, at its start: the policy, compiled to paths.

Plain data that `marshal` carries: both ends are the same Python.
"""


class Limits:
    """What one command may use; 0 is no limit."""

    def __init__(
        self,
        *,
        processes: int,
        memory: int,
        open_files: int,
        file_bytes: int,
        cpu_seconds: int,
        scratch_bytes: int,
        disk_reserve: int,
    ) -> None:
        """`memory`: bytes, of all processes together. `file_bytes`: of one file. `scratch_bytes`:
        of all private directories together. `disk_reserve`: bytes that stay free where the
        workspace is."""
        self.processes = processes
        self.memory = memory
        self.open_files = open_files
        self.file_bytes = file_bytes
        self.cpu_seconds = cpu_seconds
        self.scratch_bytes = scratch_bytes
        self.disk_reserve = disk_reserve


class Plan:
    """How the inside looks. All paths are absolute and without links."""

    def __init__(
        self,
        *,
        workspace: str,
        roots: list[str],
        around: str,
        writable: bool,
        private: list[str],
        scratch: list[str],
        home: str,
        shown: list[str],
        never_read: list[str],
        never_write: list[str],
        may_read: list[str],
        may_write: list[str],
        rules: list[str],
        placeholders: list[str],
        git_settings: str,
        git_ignored: str,
        limits: dict[str, int],
        without: list[str],
    ) -> None:
        self.workspace = workspace
        self.roots = roots
        """The workspace and the added directories, or what holds them; none lies in another."""
        self.around = around
        """The work tree of the repository that holds the workspace, if the workspace is not its
        top: only read, while its git directory is one of the roots. Empty if there is none."""
        self.writable = writable
        """Whether the roots are."""
        self.private = private
        """Directories that are covered by empty ones, which are the session's own."""
        self.scratch = scratch
        """Directories of the host that are writable besides the roots."""
        self.home = home
        self.shown = shown
        """What stays to be seen, read-only, of what `private` covers."""
        self.never_read = never_read
        """Absolute paths that are covered."""
        self.never_write = never_write
        """Absolute paths that are made read-only."""
        self.may_read = may_read
        """What a person allowed although it is hidden; what else is hidden below stays so."""
        self.may_write = may_write
        """What a person allowed although it is protected."""
        self.rules = rules
        """Patterns of names below the roots; see `names`. `-` in front: never read, `=`: never
        written, `+`: neither, whatever the others say."""
        self.placeholders = placeholders
        """Names in the workspace that are taken by empty directories while commands run."""
        self.git_settings = git_settings
        """The git configuration of the inside."""
        self.git_ignored = git_ignored
        """Patterns that git ignores in every repository."""
        self.limits = Limits(**limits)
        self.without = frozenset(without)
        """Walls that are left out, so that tests can see the self-test miss them."""


def write_git_settings(plan: Plan, folder: str, ignored: "list[str]") -> None:
    """Make `gitconfig` in a folder, and what it names: these patterns, and the person's, are
    ignored by git."""
    with open(f"{folder}/gitconfig", "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(f'{plan.git_settings}[core]\n\texcludesFile = "{folder}/ignored"\n')
    with open(f"{folder}/ignored", "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(plan.git_ignored)
        file.writelines(f"\n{pattern}" for pattern in ignored)
