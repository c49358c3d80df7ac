"""What the model is told with a person's next words, and what of a prompt is the person's own."""

from kedge.agent.messages import Text
from kedge.cli.tui.desk.words import Untold, own


def test_what_nobody_heard_is_told_with_the_next_words() -> None:
    untold = Untold()
    untold.add("a file was put back")
    words = (Text("go on"),)
    sent = untold.before(words, "ask")
    assert len(sent) == 2
    assert untold.before(words, "ask") == words
    assert untold.again(sent) == words
    assert untold.before(words, "ask") == sent


def test_words_that_begin_as_what_is_added_are_the_persons_own() -> None:
    words = (Text("<context> is a tag of ours: where is it written?"),)
    assert own(words) == words
    assert Untold().again(words) == words
