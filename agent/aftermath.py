"""What the model has to be told after a person went back: files that are not as it knows them."""

from .checkpoint_facts import Rewound
from .events import Event, Result, TurnStarted

_NAMED = 30
"""Files that are named; more are counted."""


class Aftermath:
    """A fold of all events: what the next prompt has to say of files."""

    def __init__(self) -> None:
        self._turn = 0
        self._changed: list[tuple[int, str]] = []
        """Files that runs changed, with the record of the prompt."""
        self._files: dict[str, None] = {}
        self._unseen = False

    def add(self, event: Event) -> None:
        """Fold one more event in. Never raises."""
        match event.body:
            case TurnStarted():
                self._turn = event.seq
                self._files.clear()
                self._unseen = False
            case Result(evidence=evidence):
                self._changed += ((self._turn, one.path) for one in evidence.files_changed)
            case Rewound() as rewound:
                self._went_back(rewound)
            case _:
                pass

    def _went_back(self, rewound: Rewound) -> None:
        if rewound.what == "files" or rewound.redone:
            self._files.update(dict.fromkeys(one.path for one in rewound.files))
        if rewound.what == "conversation" and not rewound.redone:
            # Its changes are still there; that the model made them, it does not know any more.
            self._files.update(
                dict.fromkeys(path for at, path in self._changed if at >= rewound.to)
            )
            self._unseen = True

    @property
    def words(self) -> str:
        """What to put before the next prompt; empty if there is nothing to tell."""
        if not self._files and not self._unseen:
            return ""
        names = list(self._files)
        listed = [f"- {name}" for name in names[:_NAMED]]
        if len(names) > _NAMED:
            listed.append(f"- and {len(names) - _NAMED} more")
        which = ":\n" + "\n".join(listed) if listed else "."
        return (
            "<context>\n[kedge: the person went back since your last words here. Files may not be "
            f"as you know them; read them again before you rely on them or change them{which}]\n"
            "</context>"
        )
