"""How well secrets and attempts to steer are found, how often that is wrong, and how quickly.

    python bench/leaks.py [FOLDER…]

Without folders: this repository, Python's library and the packages installed beside it. A file is
counted as a fixture if its path says so; keys in those are real as a rule. Every find outside is
printed with its kind, never its value: each is a false alarm or a key that should not be there.
"""

import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / "tests")]

from samples.secrets import samples  # noqa: E402  # found through the line above

from kedge.agent.screens.injection import suspicions  # noqa: E402  # as above
from kedge.config.secret_finder import SecretFinder  # noqa: E402  # as above

FIXTURES = ("test", "fixture", "example", "sample", "mock", "spec", "demo")
LARGEST = 2_000_000
PIECE = 30_000
"""Characters of a tool's result at most."""
Finder = Callable[[str], tuple[str, ...]]


def main() -> None:
    """Print the figures."""
    library = sysconfig.get_paths()
    usual = [ROOT, Path(library["stdlib"]), Path(library["purelib"])]
    report([Path(name) for name in sys.argv[1:]] or usual)


def report(folders: Sequence[Path]) -> None:
    """Print the figures of some folders."""
    secrets = SecretFinder({f"KEY_{n}": f"a-known-value-{n}" for n in range(5)})
    made = [sample for seed in range(10) for sample in samples(seed)]
    missed = sum(sample.secret in secrets.redact(sample.text) for sample in made)
    kinds = len({sample.issuer for sample in made})
    print(f"recall: {len(made) - missed} of {len(made)} generated keys of {kinds} kinds")

    finders: dict[str, Finder] = {
        "secrets": lambda text: tuple(secret.kind for secret in secrets.find(text)),
        "instructions": suspicions,
    }
    for folder in folders:
        texts = list(_texts(folder))
        for name, find in finders.items():
            _report(name, find, folder, texts)


def _report(name: str, find: Finder, folder: Path, texts: list[tuple[str, str]]) -> None:
    found = [(path, kinds) for path, text in texts if (kinds := find(text))]
    outside = [(path, kinds) for path, kinds in found if not _is_fixture(path)]
    size = sum(len(text) for _, text in texts) / 1e6
    finds = sum(len(kinds) for _, kinds in outside)
    print(
        f"{name} in {folder}: {len(texts)} files, {size:.0f} MB: {len(outside)} files flagged "
        f"outside fixtures ({1000 * len(outside) / max(1, len(texts)):.2f} of 1,000; "
        f"{finds / max(1.0, size):.3f} a MB), {len(found) - len(outside)} fixtures; "
        f"{_speed(find, texts):.2f} ms for {PIECE} characters"
    )
    for path, kinds in outside[:20]:
        print(f"    {path}: {', '.join(dict.fromkeys(kinds))}")


def _speed(find: Finder, texts: list[tuple[str, str]]) -> float:
    """Median over files of that length, in milliseconds."""
    times: list[float] = []
    for _, text in [text for text in texts if len(text[1]) >= PIECE][:200]:
        piece = text[:PIECE]
        began = time.perf_counter()
        find(piece)
        times.append((time.perf_counter() - began) * 1000)
    return median(times) if times else 0.0


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
            continue
        if not {".git", "__pycache__"}.isdisjoint(path.parts):
            continue
        data = path.read_bytes()
        if b"\0" not in data[:8000]:
            yield str(path.relative_to(folder)), data.decode("utf-8", "replace")


def _is_fixture(path: str) -> bool:
    return any(word in path.lower() for word in FIXTURES)


if __name__ == "__main__":
    main()
