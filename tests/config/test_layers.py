"""Laws of the layers: which one wins, where values come from, what mistakes are called."""

import pathlib
import tomllib
from typing import Protocol

import msgspec
import pytest

from kedge.config.errors import ConfigError, UsageError
from kedge.config.layers import Flag, Loaded
from kedge.config.settings import MODES, Settings
from kedge.config.sources import defaults


class Machine(Protocol):
    user: pathlib.Path
    project: pathlib.Path
    repository: pathlib.Path
    managed: pathlib.Path
    env: dict[str, str]

    def load(self, **how: object) -> Loaded: ...


def test_with_nothing_set_the_packaged_defaults_hold(machine: Machine) -> None:
    loaded = machine.load()
    assert loaded.settings == Settings()
    assert loaded.problems == ()
    assert {str(origin) for origin in loaded.origins.values()} == {"default"}


def test_the_packaged_file_and_the_classes_name_the_same_values() -> None:
    written = tomllib.loads(defaults().source.text)
    declared = msgspec.json.decode(msgspec.json.encode(Settings()))
    for table in ("providers", "models"):
        assert declared.pop(table) == {}
    assert declared["tools"].pop("texts") == {}
    assert declared["tui"].pop("keys") == {}
    assert written == declared


def test_each_layer_beats_those_below_it(machine: Machine) -> None:
    machine.user.write_text("[limits]\nmax_turns = 100\n[profiles.slow]\nlimits.max_turns = 60\n")
    assert machine.load().settings.limits.max_turns == 100
    machine.project.write_text("[limits]\nmax_turns = 80\n")
    assert machine.load().settings.limits.max_turns == 80
    machine.env["KEDGE_LIMITS_MAX_TURNS"] = "70"
    assert machine.load().settings.limits.max_turns == 70
    assert machine.load(profile="slow").settings.limits.max_turns == 60
    sets = ["limits.max_turns=50"]
    assert machine.load(profile="slow", sets=sets).settings.limits.max_turns == 50
    flags = {"limits.max_turns": Flag("--max-turns", 40)}
    assert machine.load(profile="slow", sets=sets, flags=flags).settings.limits.max_turns == 40
    machine.managed.write_text("limits.max_turns = 30\n")
    loaded = machine.load(profile="slow", sets=sets, flags=flags)
    assert loaded.settings.limits.max_turns == 30


def test_an_unknown_theme_is_named_with_its_place_and_those_that_there_are(
    machine: Machine,
) -> None:
    machine.user.write_text('mode = "auto"\n[tui]\ntheme = "bogus"\n')
    with pytest.raises(ConfigError) as caught:
        machine.load()
    assert str(caught.value).startswith(f"{machine.user}:3: tui.theme: expected one of ")
    assert "'light'" in str(caught.value) and "'bogus'" in str(caught.value)


def test_every_value_knows_the_place_it_was_set_in(machine: Machine) -> None:
    machine.user.write_text('mode = "auto"\n\n[shell]\noutput_bytes = 9\n')
    machine.project.write_text("[limits]\n# fewer\nmax_turns = 3\n")
    machine.env["KEDGE_MODEL"] = "openai/gpt-6.1-sol"
    flags = {"limits.max_cost": Flag("--max-cost", 2)}
    origins = machine.load(sets=["retry.attempts=1"], flags=flags).origins
    said = {key: str(origin) for key, origin in origins.items() if str(origin) != "default"}
    assert said == {
        "mode": f"{machine.user}:1",
        "shell.output_bytes": f"{machine.user}:4",
        "limits.max_turns": f"{machine.project}:3",
        "model.name": "KEDGE_MODEL",
        "retry.attempts": "--set retry.attempts",
        "limits.max_cost": "--max-cost",
    }


def test_disabled_tools_add_up_and_each_knows_its_origin(machine: Machine) -> None:
    machine.user.write_text('tools.disabled = ["bash", "grep"]\n')
    machine.project.write_text('tools.disabled = ["grep", "write"]\n')
    machine.env["KEDGE_TOOLS_DISABLED"] = "glob, todo"
    loaded = machine.load()
    assert loaded.settings.tools.disabled == ("bash", "grep", "write", "glob", "todo")
    assert str(loaded.origins["tools.disabled[1]"]) == f"{machine.user}:1"
    assert str(loaded.origins["tools.disabled[2]"]) == f"{machine.project}:1"
    assert str(loaded.origins["tools.disabled[4]"]) == "KEDGE_TOOLS_DISABLED"


def test_tables_of_two_layers_merge(machine: Machine) -> None:
    machine.user.write_text('[providers.mine]\nwire = "openai-chat"\n')
    sets = ['providers.mine.base_url="http://127.0.0.1:9/v1"', "tools.texts.bash=Runs it."]
    settings = machine.load(sets=sets).settings
    assert settings.providers == {
        "mine": {"wire": "openai-chat", "base_url": "http://127.0.0.1:9/v1"}
    }
    assert settings.tools.texts == {"bash": "Runs it."}


@pytest.mark.parametrize(
    ("text", "line", "key", "reason"),
    [
        ("mode = 'auto'\n[limits]\nmax_turn = 3\n", 3, "limits.max_turn", "'limits.max_turns'"),
        ("max_turns = 3\n", 1, "max_turns", "'limits.max_turns'"),
        ("shel.output_bytes = 1\n", 1, "shel", "'shell'"),
        ("[limits]\nmax_turns = 'many'\n", 2, "limits.max_turns", "a whole number"),
        ("[limits]\nmax_turns = -1\n", 2, "limits.max_turns", ">= 0, not -1"),
        ("limits = 3\n", 1, "limits", "a table, not 3"),
        ("[limits]\nmax_cost = nan\n", 2, "limits.max_cost", "not nan"),
        ("[limits]\nmax_cost = inf\n", 2, "limits.max_cost", "not inf"),
        ("\nmode = 'yolo'\n", 2, "mode", "one of 'plan', 'ask', 'auto', 'full', not 'yolo'"),
        ("model.name = 'gpt'\n", 1, "model.name", "'provider/model' or 'scripted:FILE'"),
        ("[providers.x]\nwire = 'soap'\n", 2, "providers.x.wire", "'openai-responses'"),
        ("[providers.x.quirks]\nimage = true\n", 2, "providers.x.quirks.image", "images"),
        ("[models.'a/b']\nprices = 3\n", 2, 'models."a/b".prices', "not 3"),
        ("[models.gpt]\nimages = true\n", 1, "models.gpt", "'provider/model'"),
        ("[profiles.p]\nmode = 1\n", 2, "profiles.p.mode", "not 1"),
        ("profiles = 1\n", 1, "profiles", "table of profiles"),
        ("a = 1\nb = = 2\n", 2, "", "not TOML"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_line_and_key(
    machine: Machine, text: str, line: int, key: str, reason: str
) -> None:
    machine.user.write_text(text)
    with pytest.raises(ConfigError) as caught:
        machine.load()
    error = caught.value
    assert (error.file, error.line, error.key) == (str(machine.user), line, key)
    assert reason in error.reason
    assert str(error).startswith(f"{machine.user}:{line}: {key}")


def test_a_file_that_is_not_utf_8_is_a_config_error(machine: Machine) -> None:
    machine.user.write_bytes(b'mode = "\xff"\n')
    with pytest.raises(ConfigError, match="not UTF-8 at byte 8"):
        machine.load()


def test_a_folder_in_place_of_a_file_is_a_config_error(machine: Machine) -> None:
    machine.managed.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        machine.load()


def test_an_unknown_variable_names_the_nearest_known_one(machine: Machine) -> None:
    machine.env["KEDGE_LIMIT_MAX_TURNS"] = "3"
    with pytest.raises(ConfigError, match="did you mean KEDGE_LIMITS_MAX_TURNS"):
        machine.load()


def test_a_wrong_variable_names_itself_and_its_key(machine: Machine) -> None:
    machine.env["KEDGE_LIMITS_MAX_TURNS"] = "many"
    with pytest.raises(ConfigError, match=r"KEDGE_LIMITS_MAX_TURNS: limits.max_turns: .*'many'"):
        machine.load()


def test_foreign_reserved_and_empty_variables_are_left_alone(machine: Machine) -> None:
    machine.env |= {"HOME": "/nowhere", "KEDGE_HOME": "/nowhere", "KEDGE_MODE": ""}
    assert machine.load().settings == Settings()


@pytest.mark.parametrize("text", ["limits.max_turns", "=3", "a b=3", "a.=3", "[x]\na=3"])
def test_a_set_that_is_not_key_value_is_a_usage_error(machine: Machine, text: str) -> None:
    with pytest.raises(UsageError, match="is not key=value"):
        machine.load(sets=[text])


def test_a_set_takes_toml_values_and_bare_words(machine: Machine) -> None:
    sets = ["mode=full", "limits.max_cost=1.5", 'model.name="ollama/qwen3:8b"']
    settings = machine.load(sets=sets).settings
    assert (settings.mode, settings.limits.max_cost) == ("full", 1.5)
    assert settings.model.name == "ollama/qwen3:8b"


def test_a_set_with_a_newline_cannot_smuggle_in_a_second_key(machine: Machine) -> None:
    with pytest.raises(ConfigError, match="mode"):
        machine.load(sets=["mode=1\nlimits.max_turns = 3"])


def test_a_wrong_flag_names_the_flag(machine: Machine) -> None:
    with pytest.raises(ConfigError, match="--max-turns: limits.max_turns: .* not -3"):
        machine.load(flags={"limits.max_turns": Flag("--max-turns", -3)})


def test_an_unknown_profile_lists_the_known_ones(machine: Machine) -> None:
    machine.user.write_text("[profiles.fast]\n[profiles.deep]\n")
    with pytest.raises(ConfigError, match="no profile 'slow'.*deep, fast"):
        machine.load(profile="slow")


def test_a_value_that_a_higher_layer_replaces_must_still_be_good(machine: Machine) -> None:
    machine.user.write_text("mode = 'yolo'\n")
    with pytest.raises(ConfigError):
        machine.load(sets=["mode=ask"])


def test_the_version_depends_on_contents_and_not_on_places(
    machine: Machine, tmp_path: pathlib.Path
) -> None:
    machine.user.write_text("mode = 'auto'\n")
    before = machine.load().version
    moved = machine.user.parent.rename(tmp_path / "elsewhere")
    machine.user = moved / "config.toml"
    assert machine.load().version == before
    assert len(before) == 12
    others = {
        machine.load(package_version="1.1").version,
        machine.load(sets=["mode=auto"]).version,
        machine.load(flags={"mode": Flag("--mode", "auto")}).version,
    }
    machine.user.write_text("mode = 'full'\n")
    others.add(machine.load().version)
    machine.env["KEDGE_MODE"] = "full"
    others.add(machine.load().version)
    assert len(others | {before}) == 6


def test_modes_are_in_order_of_strictness() -> None:
    assert MODES == ("plan", "ask", "auto", "full")


DECIDING = (
    'mode = "auto"',
    '[sandbox]\nnever_read = ["x"]',
    '[rules]\ndeny = ["bash(rm *)"]',
    '[rules]\ndeny = [{rule = "bash(rm *)", match = ["rm x"]}]',
    '[[hooks]]\nevent = "before_tool"\ncommand = "true"',
    '[[hooks]]\nevent = "before_tool"\ncommand = "true"\non_failure = "block"',
    '[reviewer]\nmodel = "anthropic/claude"',
    '[reviewer]\nhard_deny = ["$defaults", "never this"]',
)


def test_whatever_decides_is_in_the_hash_of_the_policy(machine: Machine) -> None:
    hashes = {machine.load().policy_hash}
    for said in DECIDING:
        machine.user.write_text(f"{said}\n")
        hashes.add(machine.load().policy_hash)
    assert len(hashes) == 1 + len(DECIDING)


def test_what_decides_nothing_is_not_in_the_hash_of_the_policy(machine: Machine) -> None:
    before = machine.load().policy_hash
    machine.user.write_text("# said\nshell.output_bytes = 9\n[retry]\nattempts = 2\n")
    assert machine.load().policy_hash == before
    machine.user.write_text('[rules]\ndeny = ["edit(x)"]\n')
    ruled = machine.load().policy_hash
    machine.user.write_text('\n\n[rules]\n# said\ndeny = ["edit(x)"]\n')
    assert machine.load().policy_hash == ruled
