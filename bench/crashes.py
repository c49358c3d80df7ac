"""Kills kedge at random moments and looks at what is left: `python bench/crashes.py [--points N]`.

Every point is a session of its own, with real tools in the sandbox, killed (SIGKILL, kedge alone)
after a random number of records and a moment, or after a random time, and one in four once more
while it goes on. Then it is gone on with, to its end, and undone. Seeded: `--seed` repeats a run.
Prints what was checked, how often, and every breach. Exit status 1 if there was one.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

import msgspec
from crash_script import Model, begun, contents, prompt, wrong_files
from measure import BenchError
from msgspec import Struct
from rig import Rig, Subject, installation

from e2e import law
from e2e.process import alive, lines, marked, wait_until
from kedge.agent.stores.jsonl import JsonlStore
from loopback.threaded import running_server

MODELS = ("anthropic/claude-opus-5-5", "openai/gpt-6.1-sol")
"""One edits, the other patches."""
PATIENCE = 60.0
"""Seconds after which a run counts as hung."""
MOMENT = 0.03
"""Seconds within which a run is killed after the record that was waited for."""
ENDED = 2
"""Exit code of a command that finds nothing to do: nothing to go on with, nothing to undo."""


class Kill(Struct, frozen=True):
    """When a run is killed: so long after so many records."""

    records: int
    seconds: float


class Killed(Struct, frozen=True):
    """What a run said before it was killed, or ended."""

    lines: tuple[bytes, ...]
    """Whole ones."""
    code: int
    complaint: str


class Length(Struct, frozen=True):
    """How long a run is that nobody kills."""

    records: int
    seconds: float


class Bench:
    """Points, one after another in each of some places."""

    def __init__(self, rig: Rig, url: str, model: Model, seed: int) -> None:
        self._rig = rig
        self._url = url
        self._model = model
        self._seed = seed
        self.seen: Counter[str] = Counter()
        """What was checked and met, by name."""

    def length(self, place: Path) -> dict[str, Length]:
        """How long a run is with each model."""
        found: dict[str, Length] = {}
        for number, model in enumerate(MODELS):
            point = Point(self, place, 10**6 + number, model)
            began = time.monotonic()
            ended = point.run(None, prompt(point.number))
            if ended.code:
                raise BenchError(f"a run fails that nobody kills: {ended.complaint}")
            found[model] = Length(len(ended.lines), time.monotonic() - began)
            point.clear()
        return found

    def breaches(self, place: Path, number: int, lengths: dict[str, Length]) -> list[str]:
        """What was found wrong at one point."""
        chance = random.Random(f"{self._seed} {number}")
        model = MODELS[number % len(MODELS)]
        point = Point(self, place, number, model)
        kills = [self._kill(chance, lengths[model]) for _ in range(1 + (chance.random() < 0.25))]
        try:
            found = point.breaches(kills)
        except (AssertionError, BenchError, subprocess.TimeoutExpired) as error:
            found = [f"{type(error).__name__}: {error}"]
        if not found:
            point.clear()
        return [f"point {number} ({model}, {kills}): {one}" for one in found]

    def _kill(self, chance: random.Random, length: Length) -> Kill:
        if chance.random() < 0.5:
            return Kill(0, chance.uniform(0, length.seconds))
        return Kill(chance.randint(1, length.records), chance.uniform(0, MOMENT))

    def subject(self, model: str, place: Path) -> Subject:
        """kedge with everything of its own in one place."""
        env = {"HOME": str(place), "KEDGE_HOME": str(place / "home"), "TMPDIR": str(place / "tmp")}
        return self._rig.kedge(self._url, "--output-format", "stream-json", model=model).with_env(
            **env
        )

    def folder(self, place: Path, number: int) -> Path:
        """A folder to work in; every other one is a repository."""
        folder = place / f"work-{number}"
        if number % 4 < 2:
            with self._rig.workspace() as copy:
                copy.rename(folder)
        else:
            folder.mkdir()
        begun(folder)
        return folder

    def told(self, number: int) -> str:
        """All that the model heard with the last request of a point."""
        return msgspec.json.encode(self._model.heard.get(str(number), {})).decode()


class Point:
    """One session that is killed."""

    def __init__(self, bench: Bench, place: Path, number: int, model: str) -> None:
        self.number = number
        self._bench = bench
        self._place = place
        self._home = place / "home"
        self._folder = bench.folder(place, number)
        self._before = contents(self._folder)
        self._subject = bench.subject(model, place)

    def clear(self) -> None:
        """Remove its folder; its session stays."""
        subprocess.run(["rm", "-rf", str(self._folder)], check=True)

    def breaches(self, kills: Sequence[Kill]) -> list[str]:
        """Kill, look, go on, look, undo, look."""
        found: list[str] = []
        words: tuple[str, ...] = (prompt(self.number),)
        for kill in kills:
            ended = self.run(kill, *words)
            found += self._lost(ended)
            found += [f"still running: {pid}" for pid in self._running()]
            words = self._going_on()
        ended = self.run(None, *words)
        found += self._lost(ended)
        if ended.code:
            found.append(f"does not go on: exit code {ended.code}: {ended.complaint}")
        return found + self._after()

    def run(self, kill: Kill | None, *words: str) -> Killed:
        """Run kedge, and kill it then."""
        process = subprocess.Popen(
            [*self._subject.command, *words],
            cwd=self._folder,
            env=dict(self._subject.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        hung = threading.Timer(PATIENCE, process.kill)
        hung.start()
        said: list[bytes] = []
        try:
            if kill is not None:
                while len(said) < kill.records and (line := process.stdout.readline()):
                    said.append(line)
                time.sleep(kill.seconds)
                process.kill()
                self._bench.seen["killed" if process.wait() < 0 else "ended before"] += 1
            rest, err = process.communicate()
        finally:
            hung.cancel()
            process.kill()
        said += rest.splitlines(keepends=True)
        whole = tuple(line.rstrip(b"\n") for line in said if line.endswith(b"\n"))
        return Killed(whole, process.returncode, err.decode(errors="replace").strip())

    @property
    def _log(self) -> Path | None:
        """The log of this point, if there is one by now."""
        words = prompt(self.number).encode()
        own = str(self._folder).encode()
        for log in sorted((self._home / "state" / "sessions").glob("*.jsonl"), reverse=True):
            head = log.read_bytes()
            if words in head or own + b'"' in head:
                return log
        return None

    def _lost(self, ended: Killed) -> list[str]:
        """Facts that were shown and are not in the log, or not in their place."""
        shown = [line for line in ended.lines if b'"prev":"' in line[:400]]
        self._bench.seen["acknowledged facts"] += len(shown)
        if not shown:
            return []
        log = self._log
        if log is None:
            return [f"{len(shown)} facts were shown, and there is no log"]
        stored = log.read_bytes().split(b"\n")
        places = [stored.index(line) if line in stored else -1 for line in shown]
        found = [f"fact {shown[place][:60]!r} is lost" for place, at in enumerate(places) if at < 0]
        if not found and places != sorted(places):
            found.append("facts are stored in another order than they were shown in")
        wrong = JsonlStore(log.parent).damage(log.stem)
        if wrong is not None and wrong.kind != "torn":
            found.append(f"the log is damaged: {wrong}")
        return found

    def _running(self) -> list[int]:
        """What is left of the run's processes in the end."""
        own = str(self._folder)

        def left() -> list[int]:
            return [*marked(self._home), *alive(own), *alive(f"sleep 60{self.number}")]

        try:
            wait_until(lambda: not left(), "")
        except AssertionError:
            return left()
        return []

    def _going_on(self) -> tuple[str, ...]:
        """The options that go on with the session, as far as it came."""
        log = self._log
        kinds = [record["kind"] for record in _records(log)]
        if log is None or "session.started" not in kinds:
            self._bench.seen["nothing was stored yet"] += 1
            return (prompt(self.number),)
        if "turn.started" not in kinds or "turn.ended" in kinds:
            return ("-c", f"{prompt(self.number)} Go on.")
        if self.number % 3:
            self._bench.seen["went on by itself"] += 1
            return ("-c",)
        self._bench.seen["went on with a prompt"] += 1
        return ("-r", log.stem, f"{prompt(self.number)} Go on.")

    def _after(self) -> list[str]:
        found = wrong_files(self._before, contents(self._folder))
        log = self._log
        if log is None:
            return [*found, "there is no log"]
        law.check(log)
        ends = [one for one in _records(log) if one["kind"] == "action.ended"]
        unknown = [one["id"] for one in ends if one["status"] == "unknown"]
        self._bench.seen["unknown endings"] += len(unknown)
        if self._bench.told(self.number).count("Effect unknown") != len(unknown):
            found.append(f"the model was not told that the ends of {unknown} are unknown")
        journal = self._folder / "journal"
        lines = journal.read_text().split("\n") if journal.exists() else []
        found += (
            f"{one['id']} ended well and left nothing"
            for one in ends
            if one["tool"] == "bash" and one["status"] == "ok" and str(one["id"])[5:] not in lines
        )
        found += [f"{name} is left in TMPDIR" for name in os.listdir(self._place / "tmp")]
        found += [f"{path.name} is left beside the log" for path in log.parent.glob(".*")]
        return found + self._undone()

    def _undone(self) -> list[str]:
        """Take everything back, turn by turn: the folder is as it was."""
        program = self._subject.command[0]
        for _ in range(len(_records(self._log))):
            ended = subprocess.run(
                [program, "undo", "--yes"],
                cwd=self._folder, env=dict(self._subject.env), stdin=subprocess.DEVNULL,
                capture_output=True, timeout=PATIENCE,
            )  # fmt: skip
            if ended.returncode == ENDED:
                break
            self._bench.seen["undone turns"] += 1
            if ended.returncode:
                return [f"undo: exit code {ended.returncode}: {ended.stderr.decode().strip()}"]
        now = contents(self._folder)
        names = sorted(now.keys() | self._before.keys())
        return [
            f"{name} is not undone" for name in names if now.get(name) != self._before.get(name)
        ]


def _records(log: Path | None) -> list[dict[str, object]]:
    """The whole lines of a log."""
    return lines(log.read_bytes().rpartition(b"\n")[0]) if log else []


def main() -> int:
    """Kill, look and print."""
    parser = argparse.ArgumentParser(description="Kill kedge at random moments.")
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(installation(), flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kedge-bench-") as name:
        seen, breaches = crashed(Path(name), options.points, options.seed)
    for what, count in sorted(seen.items()):
        print(f"{what:<28} {count:>7}")
    print(f"{'breaches':<28} {len(breaches):>7}")
    print(f"{'seconds':<28} {time.monotonic() - began:>7.0f}")
    print("".join(f"BREACH {one}\n" for one in breaches), end="")
    return 1 if breaches else 0


def crashed(folder: Path, points: int, seed: int) -> tuple[Counter[str], list[str]]:
    """What was seen, and what was wrong; `folder` is empty."""
    rig = Rig(folder, quick=False)
    model = Model()
    count = min(os.cpu_count() or 1, points)
    places = [folder / f"place-{number}" for number in range(count)]
    for place in places:
        (place / "tmp").mkdir(parents=True)
    with running_server(model) as server:
        bench = Bench(rig, server.url, model, seed)
        lengths = bench.length(places[0])

        def work(number: int) -> list[str]:
            return [
                breach
                for point in range(number, points, count)
                for breach in bench.breaches(places[number], point, lengths)
            ]

        with ThreadPoolExecutor(count) as workers:
            breaches = [one for each in workers.map(work, range(count)) for one in each]
        breaches += server.failures
    for place in places:
        breaches += _examined(rig, bench.subject(MODELS[0], place), place)
    bench.seen["points"] = points
    return bench.seen, breaches


def _examined(rig: Rig, subject: Subject, place: Path) -> list[str]:
    """What kedge itself finds wrong in a home in the end."""
    found: list[str] = []
    for command in (("audit", "verify"), ("sessions", "list", "--all"), ("sessions", "doctor")):
        ended = subprocess.run(
            [rig.kedge_program, *command],
            cwd=place, env=dict(subject.env), capture_output=True, text=True,
        )  # fmt: skip
        if ended.returncode:
            bad = [line for line in ended.stdout.splitlines() if not line.endswith("whole")]
            found.append(f"kedge {' '.join(command)}: {ended.stderr.strip()} {bad[:5]}")
    return found


if __name__ == "__main__":
    sys.exit(main())
