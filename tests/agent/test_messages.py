"""What is said, and what only went along."""

from kedge.agent.messages import Image, Text, said_in


def test_the_words_of_a_prompt_are_those_of_the_person() -> None:
    prompt = (
        Text("<context>\nThe mode is plan.\n</context>"),
        Text("Look at @a.py"),
        Image("image/png", ""),
        Text('<attached path="a.py" of="1">\nx = 1\n</attached>'),
    )
    assert said_in(prompt) == "Look at @a.py"
