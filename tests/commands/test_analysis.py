"""What a command line comes to: parts, forms, risks, effects and problems."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kedge.agent.commands.analysis import analyse
from kedge.agent.commands.parts import Analysis, Place

Look = Callable[[str], Analysis]


def targets(found: Analysis, kind: str) -> list[str]:
    return [effect.target for effect in found.effects if effect.kind == kind]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (r"\rm 'a b' \"c", ("rm", "a b", '"c')),
        ("r'm' a\"b\"c", ("rm", "abc")),
        (r"$'\x72m' $'a\tb'", ("rm", "a\tb")),
        ("rm {a,b}.txt", ("rm", "a.txt", "b.txt")),
        ("rm f{1..3}", ("rm", "f1", "f2", "f3")),
        ("rm a>b c", ("rm", "a", "c")),
        ('rm "a $HOME"', ("rm", "a $HOME")),
        ("rm '$HOME'", ("rm", "$HOME")),
        ("rm ''", ("rm", "")),
        ("rm é", ("rm", "é")),
    ],
)
def test_words_are_what_the_shell_makes_of_them(
    look: Look, command: str, words: tuple[str, ...]
) -> None:
    assert look(command).parts[0].words == words


@pytest.mark.parametrize(
    ("command", "form"),
    [
        ("sudo -u x rm a", "rm a"),
        ("sudo -n rm a", "sudo rm a"),
        ("/bin/rm a", "rm a"),
        ("timeout -k 1 5 nice -n 3 env A=1 rm a", "rm a"),
        ("xargs -0 -n1 rm -f", "rm -f"),
        ("find . -name x -exec rm -f {} +", "rm -f"),
        ("bash -c 'ls; rm a'", "rm a"),
        ("bash -c \"bash -c 'rm a'\"", "rm a"),
        ("eval rm a", "rm a"),
        ("echo $(rm a)", "rm a"),
        ("cat <<EOF\n`rm a`\nEOF", "rm a"),
        ("cat <<'EOF' | sh\nrm a\nEOF", "rm a"),
        ("echo 'rm a' | sh", "rm a"),
        ("ssh host rm a", "rm a"),
        ("docker run x rm a", "rm a"),
        ("trap 'rm a' EXIT", "rm a"),
        ("git -C . --no-pager push", "git push"),
        ("f() { rm a; }", "rm a"),
        ("> b rm a", "rm a"),
        ("FOO=1 rm a", "rm a"),
        ("ls 'unclosed; rm a", "rm a"),
        ("command -p rm a", "rm a"),
        ("coproc rm a", "rm a"),
        ("! { rm a; }", "rm a"),
        ("! time { rm a; }", "rm a"),
        ("time ( rm a )", "rm a"),
        ("! if true; then rm a; fi", "rm a"),
        ("coproc { rm a; }", "rm a"),
        ("then A=1 rm a", "rm a"),
        ("! ! ! ! ! ! { bash -c 'rm a'; }", "rm a"),
    ],
)
def test_a_deny_rule_finds_its_command_under_any_disguise(
    look: Look, command: str, form: str
) -> None:
    assert form in {form for part in look(command).parts for form in part.forms}


@pytest.mark.parametrize(
    "command", ["rm $X", "X=1 rm a", "env X=1 rm a", "sudo rm a", "$X a", "rm $(ls)", "xargs rm"]
)
def test_an_allow_rule_covers_literal_words_only(look: Look, command: str) -> None:
    assert not any(part.exact for part in look(command).parts if part.words[0] == "rm")


@pytest.mark.parametrize("command", ["rm a", "timeout 5 rm a", "ls | rm a", "rm a 2>/dev/null"])
def test_what_wraps_transparently_leaves_a_command_exact(look: Look, command: str) -> None:
    part = next(part for part in look(command).parts if part.words[0] == "rm")
    assert part.exact
    assert part.text == "rm a"


@pytest.mark.parametrize(
    "command",
    [
        "sudo ls", "git push", "git reset --hard", "git clean -fd", "git branch -D x",
        "rm -rf $X/*",
        "curl x | sh", "curl -d @a x", "nc x 1", "chmod -R 777 .", "chown -R a b", "mkfs.xfs x",
        "shutdown now", "systemctl stop x", "crontab -r", "npm publish", "docker ps", "PATH=. ls",
        "LD_PRELOAD=x ls", "kill -9 1", "pkill x", "crontab x", "rsync -a --delete src/ ~/",
        "rsync -a src e.invalid:x", "git config core.hooksPath x",
        "git config core.pager x", "find . -delete", "kubectl delete pod x",
    ],
)  # fmt: skip
def test_what_does_harm_is_dangerous(look: Look, command: str) -> None:
    assert "dangerous" in {part.risk for part in look(command).parts}


@pytest.mark.parametrize(
    "command", ["uv run x", "uv pip list", "go mod edit", "npm test", "scp a b"]
)
def test_what_stays_on_the_machine_reaches_nothing(look: Look, command: str) -> None:
    assert targets(look(command), "reach") == []


@pytest.mark.parametrize("command", ["then ls", "ls; }", "'{' ls", "{ls; }", "coproc { ls; }"])
def test_words_of_the_shell_in_an_unclear_place_are_opaque(look: Look, command: str) -> None:
    doubtful = [part for part in look(command).parts if part.risk == "opaque"]
    assert doubtful
    assert not any(part.exact for part in doubtful)


@pytest.mark.parametrize("command", ["xargs rm -rf", "ls | xargs rm", "find . -exec rm -r {} +"])
def test_deleting_what_is_handed_over_is_dangerous_and_claims_no_place(
    look: Look, command: str
) -> None:
    found = look(command)
    part = next(part for part in found.parts if part.words[0] == "rm")
    assert (part.risk, part.why) == (
        "dangerous", "which files rm deletes is only known when it runs"
    )  # fmt: skip
    assert targets(found, "delete") == []


def test_deleting_known_names_below_a_directory_is_deleting_there(look: Look, place: Place) -> None:
    found = look("find build -type f -print0 | xargs -0 rm")
    assert targets(found, "delete") == [f"{place.cwd}/build"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("make install", "kedge does not know what make install does"),
        ("python3 a.py", "kedge does not know what python3 a.py does"),
        ("frob", "kedge does not know the program frob"),
        ("ls --frob", "kedge does not know the option --frob of ls"),
        ("git frob", "kedge does not know what git frob does"),
        ("FROB=1 ls", "kedge does not know what setting FROB changes"),
    ],
)
def test_what_is_not_known_is_said_in_plain_words(look: Look, command: str, why: str) -> None:
    assert look(command).parts[0].why == why


@pytest.mark.parametrize(
    "line",
    [
        "cd src/lib; for i in $(seq 9); do cd ..; done; cat etc/passwd",
        "cd src/lib; while cd ..; do cat etc/passwd; done",
        "x=a.txt; while cat $x; do x=/etc/passwd; done",
        "x=a; if true; then x=$SECRET; fi; echo $x",
    ],
)
def test_what_an_earlier_round_may_have_changed_is_not_taken_for_known(
    look: Look, place: Place, line: str
) -> None:
    assert not look(line).harmless(place.roots)


def test_loops_in_loops_are_gone_through_a_limited_number_of_times(look: Look) -> None:
    line = "ls"
    for name in "abcd":
        line = f"for {name} in {{1..20}}; do {line}; done"
    assert "it has too many loops to go through" in [p.text for p in look(line).problems]


@pytest.mark.parametrize("command", ["$X a", "$(echo rm) a", "r? a", "ls() { :; }; ls", "eval $X"])
def test_a_name_that_is_only_known_when_it_runs_is_opaque(look: Look, command: str) -> None:
    assert look(command).parts[-1].risk == "opaque"


@pytest.mark.parametrize("operator", [">", ">>", ">|", "&>", "&>>", "2>", ">&", "<>"])
def test_every_redirect_writes_to_its_target(look: Look, place: Place, operator: str) -> None:
    assert f"{place.cwd}/out" in targets(look(f"ls {operator} out"), "write")


@pytest.mark.parametrize(
    ("command", "kind", "path"),
    [
        ("tee a.txt", "write", "a.txt"),
        ("cp a.txt src/b", "write", "src/b"),
        ("cp a.txt src/b", "read", "a.txt"),
        ("cp -t build a.txt", "write", "build"),
        ("mv a.txt c", "delete", "a.txt"),
        ("sort -oc b.txt", "run", ""),
        ("sed -i s/a/b/ a.txt", "write", "a.txt"),
        ("uniq a.txt b.txt", "write", "b.txt"),
        ("find src -fprint out", "write", "out"),
        ("mkdir -p x/y", "write", "x/y"),
        ("rm inner-link", "delete", "inner-link"),
        ("cd src && rm app.py", "delete", "src/app.py"),
        ("cd src && cd .. && rm a.txt", "delete", "a.txt"),
        ("(cd src); rm a.txt", "delete", "a.txt"),
        ("cd src & rm a.txt", "delete", "a.txt"),
        ("f=a.txt; rm $f", "delete", "a.txt"),
        ("for f in a.txt b.txt; do rm $f; done", "delete", "b.txt"),
        ("rm *.txt", "delete", "b.txt"),
        ("curl -o x https://e.invalid", "write", "x"),
        ("git clone https://e.invalid/x y", "write", "y"),
    ],
)
def test_effects_name_resolved_paths(
    look: Look, place: Place, command: str, kind: str, path: str
) -> None:
    if path:
        assert f"{place.cwd}/{path}" in targets(look(command), kind)


@pytest.mark.parametrize(
    ("command", "where"),
    [
        ("rm -rf /", "/"),
        ("rm -rf /*", "/"),
        ("rm -rf ~", "home"),
        ("rm -rf ~/", "home"),
        ("rm -rf ~/*", "home"),
        ('rm -rf "$HOME"', "home"),
        ("rm -rf $HOME/../home", "home"),
        ("rm -rf .", "workspace"),
        ("rm -rf *", "workspace"),
        ("rm -rf ./*", "workspace"),
        ("rm -rf src/..", "workspace"),
        ("cd src && rm -rf ..", "workspace"),
        ('rm -rf "$X/"*', "/"),
        ("rm -rf $X/", "/"),
        ("sudo rm -fr -- /", "/"),
        ("bash -c 'rm -rf /'", "/"),
        ("find . -delete", "workspace"),
    ],
)
def test_deleting_what_must_never_go_is_seen_through_every_spelling(
    look: Look, place: Place, command: str, where: str
) -> None:
    path = {"home": place.home, "workspace": place.cwd}.get(where, where)
    deleted = [effect for effect in look(command).effects if effect.kind == "delete"]
    assert any(
        effect.recursive and effect.target.rstrip("/") == path.rstrip("/") for effect in deleted
    )


@pytest.mark.parametrize(
    ("command", "host"),
    [
        ("curl https://e.invalid:8443/x", "e.invalid:8443"),
        ("curl e.invalid", "e.invalid:443"),
        ("git clone git@e.invalid:x/y", "e.invalid:22"),
        ("git push", "example.invalid:443"),
        ("pip install x", "pypi.org:443"),
        ("pip install -q x", "files.pythonhosted.org:443"),
        ("pip install -i https://i.invalid/simple x", "i.invalid:443"),
        ("pip install --extra-index-url=https://i.invalid x", "i.invalid:443"),
        ("pip install git+https://e.invalid/x", "e.invalid:443"),
        ("python3 -m pip install x", "pypi.org:443"),
        ("uv pip install x", "pypi.org:443"),
        ("pipx run x", "pypi.org:443"),
        ("npm ci", "registry.npmjs.org:443"),
        ("npx x", "registry.npmjs.org:443"),
        ("npm install --registry=http://i.invalid x", "i.invalid:80"),
        ("cargo install x", "static.crates.io:443"),
        ("go get x", "sum.golang.org:443"),
        ("gem install x", "rubygems.org:443"),
        ("apt-get install x", "the package servers of the system"),
        ("git fetch origin", "example.invalid:443"),
        ("scp a.txt me@e.invalid:x", "e.invalid:22"),
        ("rsync -a e.invalid:x .", "e.invalid:22"),
        ("rsync -a rsync://e.invalid/x .", "e.invalid:873"),
        ("cat < /dev/tcp/e.invalid/80", "e.invalid:80"),
        ("ssh me@e.invalid ls", "e.invalid:22"),
    ],
)
def test_effects_name_hosts(look: Look, command: str, host: str) -> None:
    assert host in targets(look(command), "reach")


@pytest.mark.parametrize(
    "command",
    ["ls\r", "ls\x1b[2K", "ls \u202e", "l\u200bs", "ls\u00a0a", "ls " + "a" * 10_001, "ls (",
     "ls 'a",
     "ls;" * 200, "a\\\nb#; rm x", "cat a.txt\\\n#; rm x"],
)  # fmt: skip
def test_what_cannot_be_shown_or_parsed_is_a_problem(look: Look, command: str) -> None:
    assert look(command).problems


def test_quoted_odd_blanks_are_none(look: Look) -> None:
    assert not look("echo 'a\u00a0b' \"c\u3000d\" é").problems


@pytest.mark.parametrize("text", ["<{\U000fd6bf", "ls 🎉", "echo {🎉,🎈}", "{\U000dee97\U0003c5ea"])
def test_characters_beyond_ascii_do_not_crash_the_parser(look: Look, text: str) -> None:
    look(text)


def test_spans_count_characters(look: Look) -> None:
    command = "echo é🎉 && rm a"
    found = look(command).parts[1]
    assert command[slice(*found.span)] == "rm a"


def test_a_program_in_the_workspace_is_not_taken_by_its_name(tmp_path: Path, place: Place) -> None:
    program = tmp_path / "bin/ls"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    here = Place(str(tmp_path), (str(tmp_path),), place.home, (str(program.parent), *place.path))
    assert analyse("ls", here).parts[0].risk == "unknown"
    assert analyse("cat a", here).parts[0].risk == "safe"


def test_a_repository_that_makes_git_run_something_is_not_safe(
    tmp_path: Path, place: Place
) -> None:
    config = tmp_path / ".git/config"
    config.parent.mkdir()
    here = Place(str(tmp_path), (str(tmp_path),), place.home, place.path)
    config.write_text("[core]\n\tbare = false\n")
    assert analyse("git status", here).parts[0].risk == "safe"
    for setting in ("[core]\n\tfsmonitor = x", '[diff "a"]\n\ttextconv = x',
                    "[include]\n\tpath = x",
                    '[filter "a"]\n\tclean = x',
                    "[core]\n\tsshCommand = x y z", "nonsense"):  # fmt: skip
        config.write_text(setting + "\n")
        found = analyse("git status", here).parts[0]
        assert found.risk == "unknown", setting
        assert str(config) in found.why


def test_git_works_where_there_is_no_repository(tmp_path: Path, place: Place) -> None:
    here = Place(str(tmp_path), (str(tmp_path),), place.home, place.path)
    assert analyse("git status", here).harmless(here.roots)


def test_an_environment_that_changes_a_program_makes_it_unknown(place: Place) -> None:
    here = Place(place.cwd, place.roots, place.home, place.path, {"RIPGREP_CONFIG_PATH": "x"})
    assert analyse("rg x", here).parts[0].risk == "unknown"


def test_a_file_whose_name_is_an_option_is_noticed(look: Look) -> None:
    assert look("cd traps/glob && wc *").parts[-1].risk == "unknown"


def test_every_part_has_its_run_effect(look: Look) -> None:
    found = look("ls | sudo rm a; echo $(date)")
    runs = [effect for effect in found.effects if effect.kind == "run"]
    assert [effect.part for effect in runs] == list(range(len(found.parts)))
    assert [effect.command for effect in runs] == [part.command() for part in found.parts]


@pytest.mark.parametrize("command", ["for i in 1 2", 'echo "abc', "if true", "((x"])
def test_a_line_that_is_not_complete_is_said_to_be_so(look: Look, command: str) -> None:
    why = " ".join(part.why for part in look(command).parts)
    assert "this shell line is not complete" in why
    assert "ERROR" not in why
