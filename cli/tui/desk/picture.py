"""The state of a desk, read off its session."""

from msgspec import structs

from ....agent.breaker import Closed
from ...titles import title
from .seat import Seat
from .state import DeskState, Task, Waiting
from .words import own


def picture(seat: Seat | None, state: DeskState) -> DeskState:
    """The state, with all that the session says; as it is where there is none."""
    if seat is None:
        return state
    composed, watch = seat.composed, seat.watch
    session, toolbox = composed.session, composed.toolbox
    started = session.conduct.started
    return structs.replace(
        state,
        session=session.id,
        name=watch.name,
        cwd=started.cwd,
        model=started.model,
        effort=session.use.effort,
        no_images=composed.model.no_images,
        mode=seat.mode,
        sandbox=started.sandbox,
        branch=seat.worktree.branch,
        dirty=seat.worktree.dirty,
        context_tokens=session.agent.tokens,
        context_window=session.use.window,
        cost_usd=watch.cost,
        cost_estimated=watch.cost_estimated,
        working=seat.working,
        doing=state.doing or _doing(seat),
        runs_own=seat.runs_own,
        since=seat.began or state.since,
        steering=tuple(
            Waiting(-place, own(prompt)) for place, prompt in enumerate(session.agent.unheard, 1)
        ),
        to_come=tuple(title(one, started.cwd) for one in watch.coming.calls.values())
        if state.questions
        else (),
        tasks=_tasks(seat),
        open_breakers=tuple(
            name
            for name, breaker in composed.judges.breakers.states().items()
            if not isinstance(breaker, Closed)
        ),
        config_version=started.config_version,
        todo=toolbox.todo.items,
        plan=watch.planned.text if seat.mode == "plan" and not seat.working else "",
        unfinished=not seat.working and session.unfinished,
    )


def _doing(seat: Seat) -> str:
    if seat.stopping:
        return "stopping"
    return "running your command" if seat.runs_own else ""


def _tasks(seat: Seat) -> tuple[Task, ...]:
    return tuple(
        Task(job.id, job.command, job.seconds, job.tail, job.running, job.state)
        for job in seat.composed.toolbox.jobs
    )
