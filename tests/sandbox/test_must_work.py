"""Ordinary work runs inside as it does outside."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WORK = {
    "git": """
        git status --short && echo b >b && git add -A && git -c user.name=x -c user.email=x@x commit -qm two &&
        git checkout -q -b other && echo c >a && git stash -q && git stash pop -q && git stash -q -u &&
        git checkout -q main && git diff HEAD~1 --stat && git worktree add -q wt && git -C wt status &&
        git worktree remove wt && git log --oneline && git branch -d other && git gc -q && git mv a z &&
        git -c user.name=x -c user.email=x@x commit -qm three && git tag t && git rebase -q HEAD~1""",
    "git clean": "mkdir junk && touch junk/x && git clean -qfd && test ! -e junk",
    "venv": "python3 -m venv v && v/bin/python -m pip --version && v/bin/pip list",
    "multiprocessing": """python3 -c "
from multiprocessing import Pool, Queue, Lock
Lock(); Queue()
with Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]" """,
    "pytest": """printf 'import os, multiprocessing
def test_a(tmp_path):
    (tmp_path / "x").write_text("y")
    p = multiprocessing.Process(target=print); p.start(); p.join(); assert p.exitcode == 0
' >test_x.py && python3 -m pytest -q test_x.py""",
    "node": "node -e 'require(`fs`).writeFileSync(process.env.TMPDIR + `/x`, `y`); console.log(1)'",
    "npm": """printf '{"name":"x","version":"1.0.0","scripts":{"test":"node -e 1"}}' >package.json && npm test --silent""",
    "node children": """node -e 'const c=require(`child_process`); c.execSync(`true`); const w=new (require(`worker_threads`).Worker)(`1`,{eval:true}); w.on(`exit`,process.exit)' """,
    "gcc": """printf 'int main(void){return 0;}' >m.c && gcc -O2 -o m m.c && ./m""",
    "make": """printf 'all: m\\n\\nm: m.c\\n\\tcc -o m m.c\\n' >Makefile && echo 'int main(void){return 0;}' >m.c && make -j2 && ./m""",
    "sqlite": """python3 -c "
import sqlite3
a = sqlite3.connect('d.db'); b = sqlite3.connect('d.db')
a.execute('pragma journal_mode=wal'); a.execute('create table t(x)'); a.commit()
b.execute('insert into t values (1)'); b.commit(); assert a.execute('select x from t').fetchall() == [(1,)]" """,
    "temporary files": 'f=$(mktemp) && echo x >"$f" && echo x >/tmp/y && cat /tmp/y "$f" && python3 -c "import tempfile; tempfile.mkdtemp()"',
    "pipeline": "seq 1000 | grep 7 | sort -r | head -1 | grep -qx 997",
    "here-document": "cat <<E | grep -qx hello\nhello\nE",
    "process substitution": "diff <(echo a) <(echo a)",
    "job control": "sleep 0.01 & wait $! || exit; (exit 3) & wait $!; test $? = 3; fg 2>/dev/null; jobs",
    "loopback": """python3 - <<'E'
import http.server, threading, urllib.request
server = http.server.HTTPServer(("localhost", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
assert urllib.request.urlopen(f"http://localhost:{server.server_port}/").status == 200
E""",
    "unix sockets": """python3 - <<'E'
import socket
s = socket.socket(socket.AF_UNIX); s.bind("sock"); s.listen()
c = socket.socket(socket.AF_UNIX); c.connect("sock")
a = socket.socket(socket.AF_UNIX); a.bind("\\0abstract"); a.listen(); socket.socket(socket.AF_UNIX).connect("\\0abstract")
E""",
    "devices": "head -c 10 /dev/urandom >/dev/null && : >/dev/null && head -c 1 /dev/zero >/dev/null && echo x >/dev/stderr && echo x >/dev/stdout",
    "pseudo-terminal": "python3 -c 'import pty, sys; sys.exit(pty.spawn([\"true\"]))' </dev/null",
    "shared memory": "python3 -c 'from multiprocessing.shared_memory import SharedMemory; s = SharedMemory(create=True, size=10); s.close(); s.unlink()'",
    "names": "touch 'ü ñ 漢' && ls | grep -q 漢",
    "links": "echo x >l1 && ln l1 l2 && ln -s l1 l3 && mv l1 l4 && cat l2 && mkdir d1 && mv d1 d2 && rm -rf d2",
    "permissions": "touch p && chmod 755 p && test -x p && chmod 600 p && cp -p p p2 && touch -d 2001-01-01 p",
    "large output": "head -c 5000000 /dev/zero | wc -c | grep -q 5000000",
    "closed input": "test \"$(cat)\" = ''",
    "users": "id -un && whoami && getent passwd root",
    "processes": "ps aux >/dev/null && test -d /proc/self && kill -0 $$ && nproc && free >/dev/null",
    "signals to children": "sleep 100 & kill $! && wait $!; test $? = 143",
    "timeouts": "timeout 0.1 sleep 5; test $? = 124",
    "time zones": "date && TZ=Europe/Paris date",
    "archives": "mkdir ar && touch ar/x && tar czf a.tgz ar && rm -rf ar && tar xzf a.tgz && test -f ar/x",
    "nested shells": "bash -lc true; sh -c 'sh -c true' && env -i /bin/true && xargs true </dev/null",
    "reading the environment example": "grep -q KEY .env.example",
}
NEEDS = {"node": "node", "npm": "npm", "node children": "node", "gcc": "gcc", "make": "make"}

PLAIN = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    (work / "a").write_text("a\n")
    (work / ".env").write_text("KEY=secret")
    (work / ".env.example").write_text("KEY=")
    (work / ".gitignore").write_text(".env\n")
    git = ("git", "-C", str(work), "-c", "user.name=x", "-c", "user.email=x@x")
    subprocess.run((*git, "init", "-q", "-b", "main"), check=True)
    subprocess.run((*git, "add", "-A"), check=True)
    subprocess.run((*git, "commit", "-qm", "one"), check=True)
    return work


@pytest.mark.parametrize("name", WORK)
def test_it_works_inside(work: Path, name: str) -> None:
    if (
        name == "pytest"
        and subprocess.run(["python3", "-c", "import pytest"], env=PLAIN).returncode
    ):
        pytest.skip("no pytest")
    if (tool := NEEDS.get(name)) and not shutil.which(tool):
        pytest.skip(f"no {tool}")
    env = dict(os.environ)
    ran = subprocess.run(
        [*(sys.executable, "-m", "kedge", "sandbox", "run", "--"), *("bash", "-c", WORK[name])],
        cwd=work,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -9 $$", 137), ("nosuch", 127)])
def test_exit_codes_and_signals_are_passed_through(work: Path, script: str, code: int) -> None:
    command = [sys.executable, "-m", "kedge", "sandbox", "run", "--", "bash", "-c", script]
    assert subprocess.run(command, cwd=work, stderr=subprocess.DEVNULL).returncode == code
