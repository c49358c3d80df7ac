"""What changes in a person's own settings file, and what does not."""

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.config.errors import ConfigError
from kedge.config.user_file import keep, keep_all, with_value

THEME = ("tui", "theme")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[tui]\ntheme = "light"\n'),
        ('mode = "auto"  # mine\n', 'mode = "auto"  # mine\n\n[tui]\ntheme = "light"\n'),
        (
            '[tui]\ntheme = "dark"  # at night\nvim = true\n',
            '[tui]\ntheme = "light"  # at night\nvim = true\n',
        ),
        (
            "[tui]\n# keys\nvim = true\n\n[model]\n",
            '[tui]\n# keys\nvim = true\ntheme = "light"\n\n[model]\n',
        ),
        ("[tui]  # taste\n", '[tui]  # taste\ntheme = "light"\n'),
        ("[tui]", '[tui]\ntheme = "light"\n'),
        ("tui.theme = 'dark'\n[model]\n", 'tui.theme = "light"\n[model]\n'),
        ("tui.vim = true\n", 'tui.theme = "light"\ntui.vim = true\n'),
        ("tui = { vim = true }\n", None),
        ("[tui]\r\nvim = true\r\n", '[tui]\r\nvim = true\r\ntheme = "light"\r\n'),
        ('[[hooks]]\nname = "a"\n', '[[hooks]]\nname = "a"\n\n[tui]\ntheme = "light"\n'),
    ],
)
def test_one_value_is_changed_and_all_else_stays_as_it_was_written(
    before: str, after: str | None
) -> None:
    if after is None:
        with pytest.raises(tomllib.TOMLDecodeError):
            with_value(before, THEME, "light")
    else:
        assert with_value(before, THEME, "light") == after


def test_a_table_below_a_table_gets_its_own_header() -> None:
    text = with_value('[tui]\ntheme = "dark"\n', ("providers", "lmstudio", "base_url"), "http://x")
    assert text == '[tui]\ntheme = "dark"\n\n[providers.lmstudio]\nbase_url = "http://x"\n'


TRAPS = st.sampled_from(
    [
        '"""\n[tui]\ntheme = "dark"\n"""',
        "'''\ntheme = 1\n[tui]'''",
        '["[tui]", "theme = 1"]',
        '"# no comment"',
        "1",
        "{ theme = 'dark' }",
    ]
)
NAMES = st.sampled_from(["theme", "vim", '"theme"', "other", "a.theme"])
TABLES = st.sampled_from(["", "[tui]", "[ tui ]", '["tui"]', "[tui.keys]", "[x]", "[[y]]"])


@given(st.lists(st.tuples(TABLES, NAMES, TRAPS), max_size=5), st.text(max_size=8) | st.booleans())
def test_whatever_a_file_says_it_says_the_same_with_the_one_value(
    parts: list[tuple[str, str, str]], value: str | bool
) -> None:
    text = "".join(f"{table}\n{name} = {said}\n" for table, name, said in parts)
    try:
        before = tomllib.loads(text)
        after = tomllib.loads(with_value(text, THEME, value))
    except tomllib.TOMLDecodeError:
        return
    assert after["tui"]["theme"] == value
    after["tui"].pop("theme")
    was = before.setdefault("tui", {})
    was.pop("theme", None)
    assert after == before


def test_the_file_a_link_leads_to_is_changed_with_its_rights(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "kedge.toml"
    real.parent.mkdir()
    real.write_text("# mine\n")
    real.chmod(0o644)
    link = tmp_path / "config" / "config.toml"
    link.parent.mkdir()
    link.symlink_to(real)
    keep(link, THEME, "light")
    assert link.is_symlink()
    assert real.read_text() == '# mine\n\n[tui]\ntheme = "light"\n'
    assert real.stat().st_mode & 0o777 == 0o644
    assert os.listdir(real.parent) == ["kedge.toml"]


def test_a_file_that_is_no_toml_is_left_alone_and_the_line_to_write_is_said(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("theme = [\n")
    with pytest.raises(ConfigError) as caught:
        keep(file, THEME, "light")
    assert str(file) in str(caught.value)
    assert 'tui.theme = "light"' in caught.value.hint
    assert file.read_text() == "theme = [\n"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigError, match=r"tui\.theme could not be kept"):
        keep(tmp_path / "taken" / "config.toml", THEME, "light")


def test_values_that_belong_together_are_kept_all_or_none(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('mode = "ask"  # mine\n')
    server = {
        ("providers", "own", "wire"): "openai-chat",
        ("providers", "own", "key_env"): ["OWN_API_KEY"],
    }
    for _ in range(2):  # what stands there already is left as it is
        keep_all(file, server)
        assert tomllib.loads(file.read_text()) == {
            "mode": "ask",
            "providers": {"own": {"wire": "openai-chat", "key_env": ["OWN_API_KEY"]}},
        }
        assert file.read_text().startswith('mode = "ask"  # mine\n')
    before = file.read_text()
    with pytest.raises(ConfigError, match="could not be kept"):
        keep_all(file, {("theme",): "dark", ("mode", "name"): "auto"})
    assert file.read_text() == before
