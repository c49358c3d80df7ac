"""The Python API, as its documentation shows it."""

import re
import subprocess
import sys
from pathlib import Path

from kedge import Agent, tool
from kedge.agent.events import ActionEnded, Result
from kedge.agent.messages import Text

DOCS = Path(__file__).parents[2] / "docs" / "python-api.md"

SCRIPT = """\
{"scripted": 1, "model": "anthropic/claude-sonnet-5-5"}
{"expect": [{"role": "user", "contains": ["Oslo"]}], "parts": [{"type": "tool_call", "id": "1", \
"name": "weather", "arguments": "{\\"city\\": \\"Oslo\\"}"}], "stop_reason": "tool_use"}
{"expect": [{"role": "tool", "contains": ["rains in Oslo"]}], \
"parts": [{"type": "text", "text": "Take one."}]}
"""


def test_the_script_of_the_documentation_runs_and_prints_its_events(tmp_path: Path) -> None:
    file = tmp_path / "weather.jsonl"
    file.write_text(SCRIPT)
    example = re.search(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert example is not None
    code = example[1].replace("anthropic/claude-sonnet-5-5", f"scripted:{file}")
    assert len([line for line in code.splitlines() if line.strip()]) <= 11

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    lines = done.stdout.splitlines()
    assert lines[0].startswith("SessionStarted(")
    assert any("It rains in Oslo." in line for line in lines if line.startswith("ActionEnded("))
    assert lines[-1].startswith("Result(status='done', exit_code=0, text='Take one.'")


async def test_a_conversation_goes_on_in_one_session(tmp_path: Path) -> None:
    file = tmp_path / "two.jsonl"
    file.write_text(
        SCRIPT
        + '{"expect": [{"role": "user", "contains": ["And Rome?"]}], '
        + '"parts": [{"type": "text", "text": "None."}]}\n'
    )

    @tool
    async def weather(city: str) -> str:
        """Today's weather in a city."""
        return f"It rains in {city}."

    session = Agent(f"scripted:{file}", tools=[weather]).session()
    try:
        first = [event.body async for event in session.run("Umbrella in Oslo?")]
        second = [event.body async for event in session.run("And Rome?")]
    finally:
        await session.close()

    ended = [body for body in first if isinstance(body, ActionEnded)]
    assert [(end.status, end.content) for end in ended] == [("ok", (Text("It rains in Oslo."),))]
    results = [body for body in (first[-1], second[-1]) if isinstance(body, Result)]
    assert [result.text for result in results] == ["Take one.", "None."]


async def test_in_mode_ask_a_tool_that_does_not_say_what_it_does_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "refused.jsonl"
    file.write_text(SCRIPT.replace("rains in Oslo", "Not allowed"))
    called: list[str] = []

    @tool
    async def weather(city: str) -> str:
        """Today's weather in a city."""
        called.append(city)
        return "fine"

    agent = Agent(f"scripted:{file}", tools=[weather], mode="ask")
    bodies = [event.body async for event in agent.run("Umbrella in Oslo?")]

    result = bodies[-1]
    assert isinstance(result, Result)
    assert (called, result.status) == ([], "blocked")
