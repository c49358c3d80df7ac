"""What knowing and remembering costs, and what it loses. `python bench/context.py`

- surroundings: from the first look at a directory to its description, in a repository of 60,000
  files and in a small one; git works beside, as it does at the start of a session
- recall: facts planted in a person's words, in the todo list and in changed files that the model
  still sees after three compactions by a model whose summaries say nothing
- estimate: how far the estimated length of a request is from what a tokenizer counts, before and
  after the model has reported a first count (`estimates.py`)
"""

import asyncio
import json
import os
import random
import re
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from statistics import median

import estimates
from table import MS

from kedge.agent.compactor import Rewriting
from kedge.agent.context import ModelUse
from kedge.agent.deltas import Delta, Finished, PartDone
from kedge.agent.effects import Effect, FileChange
from kedge.agent.events import Compacted, SessionStarted, ToolSpec
from kedge.agent.gate import Gate
from kedge.agent.judge import Judge
from kedge.agent.memory.environment import describe
from kedge.agent.memory.gitlook import GitLook
from kedge.agent.memory.repository import find_repository
from kedge.agent.messages import Message, Part, Text, ToolCall, ToolResult, Usage
from kedge.agent.ports import Action, Allow, Arguments, Emit, Output, Request
from kedge.agent.session import Fittings, Session
from kedge.agent.stores.memory import MemoryStore
from kedge.agent.validators.unattended import Unattended
from kedge.config.settings import LimitSettings

FILES = 60_000
WINDOW = 16_000
RUNS = 20


def surroundings_of(folder: Path) -> float:
    """Seconds from the first look to the description."""
    began = time.perf_counter()
    repository = find_repository(folder)
    assert repository is not None
    look = GitLook(folder, folder, folder / ".git", os.environ)
    describe(folder, repository, "2026-01-01", looked=look.result())
    return time.perf_counter() - began


def a_repository(folder: Path, files: int) -> Path:
    """A repository with so many files, 100 to a directory."""
    for place in range(0, files, 100):
        below = folder / f"d{place // 10_000}" / f"s{place}"
        below.mkdir(parents=True)
        for name in range(min(100, files - place)):
            (below / f"f{name}.py").write_text("x")
    who = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "first")):
        subprocess.run((*who, *words), cwd=folder, check=True)
    return folder


def counted(text: str) -> int:
    """Tokens as this benchmark's model counts them."""
    return len(re.findall(r"\w{1,5}|[^\w\s]", text))


class Tool:
    """Any tool: gives back noise, and says that it changed what it was told to."""

    def __init__(self, name: str) -> None:
        self.spec = ToolSpec(name, "", {"type": "object"})

    def parse(self, arguments: str) -> Arguments:
        parsed: dict[str, object] = json.loads(arguments)
        return parsed

    def effects(self, arguments: Arguments) -> tuple[Effect, ...]:
        return (Effect("write", str(arguments.get("path", "x"))),)

    async def run(self, arguments: Arguments, emit: Emit) -> Output:
        path = arguments.get("path")
        changes = (FileChange(str(path), "modified"),) if path else ()
        return Output((Text("noise and words " * 20),), changes=changes)


class Everything:
    """Allows all."""

    name = "everything"

    def check(self, action: Action) -> Sequence[Allow]:
        return (Allow(),)


class Model:
    """Says what it is told to, and summarises without a word of what mattered."""

    name = "bench/model"

    def __init__(self, answers: Sequence[tuple[Part, ...]]) -> None:
        self._answers = list(answers)
        self.requests: list[Request] = []

    async def stream(self, request: Request) -> AsyncGenerator[Delta]:
        words = request.messages[-1].text
        if words.startswith(("Summarise.", "The summary does not")):
            parts: tuple[Part, ...] = (Text("Work went on."),)
        else:
            self.requests.append(request)
            parts = self._answers.pop(0)
        for part in parts:
            yield PartDone(part)
        calls = any(isinstance(part, ToolCall) for part in parts)
        tokens = counted(request.system + "".join(map(read, request.messages)))
        yield Finished("tool_use" if calls else "end", Usage(tokens, output_tokens=10))

    async def close(self) -> None:
        return


def read(message: Message) -> str:
    """Everything in a message, as text."""
    texts: list[str] = []
    for part in message.parts:
        match part:
            case Text(text):
                texts.append(text)
            case ToolCall(_, name, arguments):
                texts += (name, arguments)
            case ToolResult(_, content):
                texts += (piece.text for piece in content if isinstance(piece, Text))
            case _:
                pass
    return "\n".join(texts)


def planted(seed: int) -> tuple[str, list[tuple[Part, ...]], list[str]]:
    """A prompt, the answers to it, and the facts that must be known at the end."""
    chance = random.Random(seed)
    names = [f"{chance.choice('abcdefgh')}{chance.randrange(10**6)}" for _ in range(12)]
    demands = [f"Never rename {name}." for name in names[:4]]
    tasks = [f"check {name}" for name in names[4:8]]
    paths = [f"/w/{name}.py" for name in names[8:]]
    items = [{"content": task, "status": "pending"} for task in tasks]
    answers: list[tuple[Part, ...]] = [(ToolCall("t", "todo", json.dumps({"items": items})),)]
    for place, path in enumerate(paths):
        answers.append((ToolCall(f"e{place}", "edit", json.dumps({"path": path})),))
    for place in range(110):
        words = f"Step {place}: " + " ".join(chance.choice(names[:1] + ["so"]) for _ in range(600))
        words = words.replace(names[0], "word")
        answers.append((Text(words), ToolCall(f"n{place}", "look", json.dumps({"n": place}))))
    return "Do the work. " + " ".join(demands), [*answers, (Text("Done."),)], [*names]


async def remembered(seed: int) -> tuple[int, int, int]:
    """Compactions, facts that are still seen, and facts in all."""
    prompt, answers, facts = planted(seed)
    model, store = Model(answers), MemoryStore()
    started = SessionStarted(
        cwd="/w", git_head=None, kedge_version="", config_version="", experiment_arm=None,
        policy_hash="", sandbox="", mode="full", model=model.name, system="Be good.",
        environment="", tools=(),
    )  # fmt: skip
    session = Session(
        started,
        model,
        [Tool("todo"), Tool("edit"), Tool("look")],
        Judge(Gate([Everything()]), Unattended()),
        store,
        use=ModelUse(1_000, "", lambda usage: 0.0, WINDOW),
        limits=LimitSettings(max_turns=0),
        fittings=Fittings(rewriting=Rewriting(lambda: "Summarise.", lambda: "")),
    )
    compactions = 0
    async for event in session.run(prompt):
        if isinstance(event.body, Compacted) and event.body.upto:
            compactions += 1
    await session.close()
    seen = "\n".join(map(read, model.requests[-1].messages))
    known = sum(fact in seen for fact in facts)
    return compactions, known, len(facts)


def main() -> int:
    """Print the figures; 1 if one was missed."""
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, files in (("small", 200), ("large", FILES)):
            place = a_repository(Path(folder) / name, files)
            seconds = median(surroundings_of(place) for _ in range(9))
            missed |= seconds > 0.05
            print(f"surroundings, {files:,} files: {MS.show(seconds)} (to reach: 50 ms)")
    results = [asyncio.run(remembered(seed)) for seed in range(RUNS)]
    share = sum(one[1] for one in results) / sum(one[2] for one in results)
    fewest = min(one[0] for one in results)
    missed |= share < 0.95 or fewest < 3
    print(f"facts known after at least {fewest} compactions: {share:.1%} (to reach: 95 %, 3)")
    estimates.main()
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
