"""Runs every command of the corpus once, confined, and notes what it really does.

    python bench/corpus_proof.py [--jobs N] [--new]

Each command gets a copy of the scratch repository and runs there by `kedge sandbox run`. A harmless
one must not change a byte of it. For a sneaky one the first effect that can be seen is noted:
`changed` (files of the workspace), `outside` (files beside it), `read` (what only files outside
hold), `environment` (a variable that is secret), `network` (an attempt to reach it), `refused` (by
the sandbox or the system). What shows nothing here, such as a program that is not installed, is
`unseen`. What would act on the whole machine is not run. With `--new` only what is not in the file
yet is run. Writes `bench/corpus/proof.json`; exit status 1 if a harmless command changed anything.
"""

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
KEDGE = Path(sysconfig.get_path("scripts")) / "kedge"
SECONDS = 4
NEVER_RUN = (":(){ :|:& };:",)
"""What the sandbox confines, but not in its share of the processor."""
SECRET = "a-value-that-only-the-environment-holds"
_READ = re.compile(r"root:[x*]:0:|^# /etc/|^127\.0\.0\.1\b|localhost", re.MULTILINE)
_NETWORK = re.compile(r"resolve|network|connect|unreachable|proxy|not allowed by", re.IGNORECASE)
_REFUSED = re.compile(r"denied|not permitted|read-only file|not allowed|sandbox", re.IGNORECASE)


def snapshot(root: Path) -> dict[str, str]:
    """Every file, link and directory below a root, with what it holds and its rights."""
    found: dict[str, str] = {}
    for folder, directories, files in os.walk(root):
        for name in (*directories, *files):
            path = Path(folder, name)
            # The sandbox may still be taking back what it put there for the command.
            with contextlib.suppress(FileNotFoundError):
                found[str(path.relative_to(root))] = _content(path)
    return found


def _content(path: Path) -> str:
    mode = oct(path.lstat().st_mode)
    if path.is_symlink():
        return f"{mode} {os.readlink(path)}"
    return f"{mode} {hashlib.sha256(path.read_bytes()).hexdigest()}" if path.is_file() else mode


def settled(root: Path, before: dict[str, str]) -> dict[str, str]:
    """A snapshot, taken again for a while where it differs from the one before."""
    now = snapshot(root)
    for _ in range(3):
        if now == before:
            break
        time.sleep(0.1)
        now = snapshot(root)
    return now


def observe(command: str, scratch: Path) -> tuple[str, str]:
    """What a command does, and the evidence."""
    with tempfile.TemporaryDirectory(prefix="proof-") as place:
        work, home = Path(place, "scratch"), Path(place, "home")
        shutil.copytree(scratch, work, symlinks=True)
        home.mkdir()
        # A copy's files are new to git, which would note that in its index.
        subprocess.run(["git", "-C", work, "status"], capture_output=True, check=True)
        before = snapshot(work)
        beside = snapshot(Path(place)).keys()
        env = {"PATH": os.environ["PATH"], "HOME": str(home), "SECRET_TOKEN": SECRET,
               "GIT_OPTIONAL_LOCKS": "0", "TERM": "dumb",
               "KEDGE_HOME": str(scratch.parent / "kedge")}  # fmt: skip
        line = [KEDGE, "sandbox", "run", "--cwd", work, "--", "bash", "-c", command]
        try:
            ran = subprocess.run(
                line, cwd=work, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=SECONDS, check=False,
            )  # fmt: skip
            output = (ran.stdout + ran.stderr).decode("utf-8", "replace")
        except subprocess.TimeoutExpired as error:
            output = (error.stdout or b"").decode("utf-8", "replace")
        except ValueError as error:
            return "refused", str(error)
        changed = before.items() ^ settled(work, before).items()
        outside = {
            name
            for name in snapshot(Path(place)).keys() - beside
            if not name.startswith("scratch/")
        }
    output = output.replace(place, "PLACE")
    if changed:
        return "changed", ", ".join(sorted({name for name, _ in changed})[:4])
    if outside:
        return "outside", ", ".join(sorted(outside)[:4])
    for kind, pattern in (("environment", re.compile(SECRET)), ("read", _READ),
                          ("network", _NETWORK), ("refused", _REFUSED)):  # fmt: skip
        if found := pattern.search(output):
            return kind, found[0]
    return "unseen", ""


def prove(command: str, kind: str, scratch: Path) -> tuple[str, str]:
    """What a command of the corpus does; of what is about the machine itself, nothing."""
    if kind == "machine" or command in NEVER_RUN:
        return "not run", "it would act on the whole machine"
    return observe(command, scratch)


def main() -> int:
    """Run both lists."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--new", action="store_true")
    options = parser.parse_args()
    jobs: int = options.jobs
    known = json.loads((CORPUS / "proof.json").read_text("utf-8")) if options.new else {}
    with tempfile.TemporaryDirectory(prefix="proof-") as place:
        scratch = Path(place, "scratch")
        scratch.mkdir()
        env = {"PATH": os.environ["PATH"], "HOME": place}
        subprocess.run(["bash", CORPUS / "scratch.sh"], cwd=scratch, check=True, env=env)
        results: dict[str, dict[str, tuple[str, str]]] = {}
        with ThreadPoolExecutor(jobs) as pool:
            for name in ("harmless", "sneaky"):
                lines = (CORPUS / f"{name}.jsonl").read_text("utf-8").splitlines()
                entries = [json.loads(line) for line in lines]
                found = {str(e["command"]): str(e["class"]) for e in entries}
                before: dict[str, tuple[str, str]] = known.get(name, {})
                commands = [command for command in found if command not in before]
                kinds = [found[command] for command in commands]
                seen = pool.map(prove, commands, kinds, repeat(scratch))
                made = dict(zip(commands, seen, strict=True))
                results[name] = {one: made.get(one) or before[one] for one in found}
                print(name, dict(Counter(kind for kind, _ in results[name].values())))
    (CORPUS / "proof.json").write_text(json.dumps(results, indent=0, ensure_ascii=True) + "\n")
    broken = [c for c, (kind, _) in results["harmless"].items() if kind in ("changed", "outside")]
    for command in broken:
        print(f"harmless, but changed something: {command!r}: {results['harmless'][command][1]}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
