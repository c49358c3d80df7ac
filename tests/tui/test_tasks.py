"""What is done beside everything else: none of it fails unheard."""

import asyncio
from pathlib import Path

import pytest
from textual.app import App, ComposeResult

from kedge.agent.errors import StoreError
from kedge.agent.person import PersonPrinted, PersonRan
from kedge.cli.tui.desk.personal import PersonalShell
from kedge.cli.tui.running import defect
from kedge.cli.tui.tasks import Tasks
from kedge.config.errors import KedgeError, UsageError


async def fails(error: Exception) -> None:
    raise error


async def test_what_a_work_does_not_catch_is_handed_over() -> None:
    failed: list[Exception] = []
    ended: list[bool] = []
    tasks = Tasks(failed.append, lambda: ended.append(tasks.running))
    broken = ValueError("broken")
    tasks.begin(fails(broken))
    await tasks.rest()
    await asyncio.sleep(0)
    assert failed == [broken]
    assert ended == [False]


async def test_a_work_can_have_somebody_of_its_own_who_hears_that_it_failed() -> None:
    failed: list[Exception] = []
    own: list[Exception] = []
    tasks = Tasks(failed.append)
    tasks.begin(fails(UsageError("no")), own.append)
    await tasks.rest()
    assert [str(error) for error in own] == ["no"]
    assert failed == []


async def test_closing_stops_what_runs_and_that_is_no_failure() -> None:
    failed: list[Exception] = []
    tasks = Tasks(failed.append)
    task = tasks.begin(asyncio.Event().wait())
    await tasks.close()
    assert task.cancelled()
    assert (failed, tasks.running) == ([], False)


async def test_a_defect_beside_all_handlers_ends_the_application() -> None:
    class Broken(App[None]):
        def compose(self) -> ComposeResult:
            return iter(())

        def on_mount(self) -> None:
            Tasks(defect).begin(fails(ValueError("broken")))

    app = Broken()
    with pytest.raises(ValueError, match="broken"):
        async with asyncio.timeout(30), app.run_test() as pilot:
            while not app.return_code:
                await pilot.pause()


async def test_a_command_whose_end_cannot_be_recorded_is_told_of(tmp_path: Path) -> None:
    def record(body: PersonPrinted | PersonRan) -> None:
        if isinstance(body, PersonRan):
            raise StoreError("the log has ended")

    failed: list[Exception] = []
    ended = asyncio.Event()
    tasks = Tasks(failed.append, ended.set)
    shell = PersonalShell({"SHELL": "/bin/sh"}, tmp_path, tmp_path, record, tasks)
    shell.run("true", lambda ran: None)
    async with asyncio.timeout(30):
        await ended.wait()
    await shell.close()
    assert [str(error) for error in failed] == ["the log has ended"]
    assert not shell.running


def test_an_error_in_words_says_what_to_do() -> None:
    assert KedgeError("no").in_words == "no"
    assert KedgeError("no", hint="say yes").in_words == "no (say yes)"
