"""What both floors share: three tools done by hand, and an answer put together from its events.

Nothing here checks, asks, records or explains. That is what makes it a floor.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

Json = dict[str, object]

SYSTEM = "You are a coding agent. Work in the current directory through your tools."

HEADERS = {
    "content-type": "application/json",
    "anthropic-version": "2023-06-01",
    "x-api-key": "bench-key",
}


def _tool(name: str, description: str, **parameters: str) -> Json:
    properties = {key: {"type": kind} for key, kind in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    return {"name": name, "description": description, "input_schema": schema}


TOOLS = [
    _tool("bash", "Run a shell command.", command="string"),
    _tool("read", "Read a file.", file_path="string", offset="integer", limit="integer"),
    _tool(
        "edit",
        "Replace text in a file.",
        file_path="string",
        old_string="string",
        new_string="string",
    ),
]


class Call(NamedTuple):
    """A tool call."""

    id: str
    name: str
    arguments: Json


class Conversation:
    """A prompt, and what has been said since."""

    def __init__(self, prompt: str) -> None:
        self._messages: list[Json] = [{"role": "user", "content": prompt}]

    def body(self) -> bytes:
        """The next request."""
        request = {
            "model": "claude-opus-5-5",
            "max_tokens": 32_000,
            "stream": True,
            "tools": TOOLS,
            "system": SYSTEM,
            "messages": self._messages,
        }
        return json.dumps(request).encode()

    def goes_on(self, answer: "Answer") -> bool:
        """Take in an answer and carry out its calls; whether there were any."""
        self._messages.append({"role": "assistant", "content": answer.blocks})
        results = [_result(call) for call in answer.calls]
        if results:
            self._messages.append({"role": "user", "content": results})
        return bool(results)


class Answer:
    """The blocks of one streamed answer."""

    def __init__(self) -> None:
        self.blocks: list[Json] = []
        self.calls: list[Call] = []
        self._pieces: list[str] = []

    def take(self, data: str | bytes) -> None:
        """Add what one event says; `data` is its JSON."""
        event = json.loads(data)
        kind = event["type"]
        if kind == "content_block_delta":
            delta = event["delta"]
            self._pieces.append(delta.get("text") or delta.get("partial_json") or "")
        elif kind == "content_block_start":
            self.blocks.append(event["content_block"])
            self._pieces = []
        elif kind == "content_block_stop":
            self._finish(self.blocks[-1], "".join(self._pieces))

    def _finish(self, block: Json, said: str) -> None:
        if block["type"] == "tool_use":
            arguments: Json = json.loads(said or "{}")
            block["input"] = arguments
            self.calls.append(Call(str(block["id"]), str(block["name"]), arguments))
        else:
            block["text"] = said


def _result(call: Call) -> Json:
    text = _DOES[call.name](**call.arguments)
    return {"type": "tool_result", "tool_use_id": call.id, "content": text}


def _bash(command: str) -> str:
    import subprocess  # the start-up of the floor is measured, too, and does not need it

    done = subprocess.run(
        ["/bin/bash", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout.decode()


def _read(file_path: str, offset: int, limit: int) -> str:
    with open(file_path, encoding="utf-8") as file:
        lines = file.readlines()[offset - 1 : offset - 1 + limit]
    return "".join(f"{number}\t{line}" for number, line in enumerate(lines, offset))


def _edit(file_path: str, old_string: str, new_string: str) -> str:
    with open(file_path, encoding="utf-8") as file:
        text = file.read()
    with open(file_path, "w", encoding="utf-8") as file:
        file.write(text.replace(old_string, new_string, 1))
    return "edited"


_DOES: dict[str, Callable[..., str]] = {"bash": _bash, "read": _read, "edit": _edit}
