"""No path leads out of the roots."""

import errno
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kedge.config.errors import KedgeError
from kedge.sandbox import linux
from kedge.sandbox.errors import OutsideRoots, SandboxError
from kedge.sandbox.paths import Roots, confine, open_beneath, open_stepwise, place, place_of_entry


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    for name in ("work", "work/sub", "more", "outside"):
        (tmp_path / name).mkdir()
    (tmp_path / "work/file").write_text("inside")
    (tmp_path / "outside/secret").write_text("secret")
    return Roots.at(tmp_path / "work", (tmp_path / "more",))


def test_a_relative_path_starts_at_the_working_directory(roots):
    cwd = roots.workspace / "sub"
    assert confine("new", cwd, roots) == cwd / "new"
    assert confine("../file", cwd, roots) == roots.workspace / "file"
    assert confine("../../more/x/y", cwd, roots) == roots.added[0] / "x/y"


def test_a_root_itself_is_inside(roots):
    assert confine(".", roots.workspace, roots) == roots.workspace


def test_a_tilde_is_the_home_directory(roots):
    home = Path("~").expanduser()
    with pytest.raises(OutsideRoots) as refused:
        confine("~/x", roots.workspace, roots)
    assert refused.value.resolved == home / "x"
    assert confine("~/x", roots.workspace, Roots.at(home)) == home.resolve() / "x"


@pytest.mark.parametrize(
    "path",
    ["..", "../outside/secret", "/", "/etc/passwd", "sub/../../outside", "../work2", "../work-x/f"]
    + ["/proc/self/root/etc/passwd", "/proc/self/fd/0", "missing/../../outside/secret"],
)
def test_a_path_that_leads_out_is_refused(roots, path):
    with pytest.raises(OutsideRoots) as refused:
        confine(path, roots.workspace, roots)
    assert repr(path) in str(refused.value)
    assert not any(refused.value.resolved.is_relative_to(root) for root in roots.all)
    assert refused.value.exit_code == 6


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_what_is_no_path_is_refused(roots, path):
    with pytest.raises(SandboxError) as refused:
        confine(path, roots.workspace, roots)
    assert isinstance(refused.value, KedgeError)


@pytest.mark.parametrize("target", ["../outside/secret", "../outside/missing/deeper", "/etc"])
def test_a_link_that_leads_out_is_refused_even_if_it_dangles(roots, target):
    (roots.workspace / "link").symlink_to(target)
    for path in ("link", "link/x", "sub/../link"):
        with pytest.raises(OutsideRoots):
            confine(path, roots.workspace, roots)


def test_a_link_that_stays_inside_leads_to_its_target(roots):
    (roots.workspace / "sub/absolute").symlink_to(roots.workspace / "file")
    (roots.workspace / "sub/dangling").symlink_to("../missing/file")
    (roots.workspace / "across").symlink_to("../more")
    assert confine("sub/absolute", roots.workspace, roots) == roots.workspace / "file"
    assert confine("sub/dangling", roots.workspace, roots) == roots.workspace / "missing/file"
    assert confine("across/x", roots.workspace, roots) == roots.added[0] / "x"


def test_a_circle_of_links_hides_nothing_behind_it(roots):
    (roots.workspace / "circle").symlink_to("circle")
    (roots.workspace / "link").symlink_to("../outside")
    with pytest.raises(OutsideRoots):
        confine("circle/../link/secret", roots.workspace, roots)


def test_an_entry_is_the_link_itself(roots):
    (roots.workspace / "link").symlink_to("../outside/secret")
    found = place_of_entry("sub/../link", roots.workspace, roots)
    assert (found.root, found.relative) == (roots.workspace, "link")


@pytest.mark.parametrize("path", [".", "sub/..", "/", ".."])
def test_an_entry_without_a_name_is_refused(roots, path):
    with pytest.raises(SandboxError):
        place_of_entry(path, roots.workspace, roots)


def test_a_root_is_no_entry(roots):
    with pytest.raises(OutsideRoots):
        place_of_entry(roots.workspace, roots.workspace, roots)


def test_a_path_in_a_root_inside_a_root_belongs_to_the_inner_one(roots):
    inner = roots.workspace / "sub"
    found = place("sub/x", roots.workspace, Roots(roots.workspace, (inner,)))
    assert (found.root, found.relative, found.path) == (inner, "x", inner / "x")


def test_roots_must_be_directories(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        Roots.at(tmp_path / "file")
    with pytest.raises(FileNotFoundError):
        Roots.at(tmp_path / "missing")


NAMES = st.sampled_from(["a", "b", "c", "..", ".", "", "../../..", "/", "~", "a/b"])
TARGETS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@settings(max_examples=200)
@given(
    st.dictionaries(st.sampled_from(["a", "b", "c", "a/b", "a/c", "d/a"]), TARGETS, max_size=5),
    TARGETS,
)
def test_whatever_links_there_are_an_accepted_path_opens_inside_or_not_at_all(links, path):
    with tempfile.TemporaryDirectory() as directory:
        roots = Roots.at(Path(directory))
        for place_, target in links.items():
            link = roots.workspace / place_
            try:
                link.parent.mkdir(exist_ok=True)
                link.symlink_to(target)
            except OSError:
                continue
        try:
            accepted = confine(path, roots.workspace, roots)
        except SandboxError:
            return
        assert accepted.is_relative_to(roots.workspace)
        try:
            fd = os.open(accepted, os.O_PATH)
        except OSError:
            return
        where = Path(os.readlink(f"/proc/self/fd/{fd}"))
        os.close(fd)
        assert where == accepted


def test_beneath_follows_no_link_even_inside(roots):
    (roots.workspace / "sub").mkdir(exist_ok=True)
    (roots.workspace / "sub/file").write_text("x")
    (roots.workspace / "sub/link").symlink_to("file")
    os.close(open_beneath(roots.workspace, "sub/file", os.O_RDONLY))
    with pytest.raises(OSError) as refused:
        open_beneath(roots.workspace, "sub/link", os.O_RDONLY)
    assert refused.value.errno == errno.ELOOP


@pytest.mark.parametrize("path", ["link/secret", "../outside/secret", "/etc/passwd", "sub/../../x"])
def test_beneath_refuses_what_leads_out(roots, path):
    (roots.workspace / "link").symlink_to("../outside")
    with pytest.raises(OSError) as refused:
        open_beneath(roots.workspace, path, os.O_RDONLY)
    assert refused.value.errno in (errno.EXDEV, errno.ELOOP)


def test_beneath_refuses_magic_links():
    if not linux.has_openat2():
        pytest.skip("no openat2 here")
    with pytest.raises(OSError) as refused:
        open_beneath(Path("/proc"), "self/root/etc/passwd", os.O_RDONLY)
    assert refused.value.errno in (errno.ELOOP, errno.EXDEV)


def test_step_by_step_opens_files_and_follows_no_link(roots):
    (roots.workspace / "link").symlink_to("sub")
    (roots.workspace / "sub/file").write_text("deep")
    directory = os.open(roots.workspace, os.O_RDONLY)
    try:
        fd = open_stepwise(directory, "./sub//file", os.O_RDONLY, 0)
        assert os.read(fd, 100) == b"deep"
        os.close(fd)
        fd = open_stepwise(directory, "sub/new", os.O_WRONLY | os.O_CREAT, 0o600)
        os.close(fd)
        assert (roots.workspace / "sub/new").stat().st_mode & 0o777 == 0o600
        os.close(open_stepwise(directory, ".", os.O_RDONLY, 0))
        for path in ("link/file", "link", "../outside/secret", "/etc/passwd"):
            with pytest.raises(OSError):
                open_stepwise(directory, path, os.O_RDONLY, 0)
    finally:
        os.close(directory)
