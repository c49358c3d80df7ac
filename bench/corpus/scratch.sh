#!/bin/bash
# Builds the repository that the corpus is about, in the current, empty directory.
set -eu
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-01T00:00:00Z'
git init -q -b main .
git config user.name Scratch
git config user.email scratch@example.invalid
mkdir -p src/lib tests docs logs data 'with space' traps/glob build
printf '# Scratch\n\nA project to look at.\n\n## Usage\n\nRun it. TODO: say how.\n' > README.md
printf 'import os\n\ndef main():\n    print("hello")  # TODO\n\nclass App:\n    pass\n' > src/app.py
printf 'def add(a, b):\n    return a + b\n' > src/util.py
printf 'from .util import add\n' > src/lib/__init__.py
printf 'VERSION = "1.0"\n' > src/lib/version.py
printf 'export function main() { return 1 }\n' > src/index.ts
printf 'def test_add():\n    assert 1 + 1 == 2\n' > tests/test_app.py
printf '{"name": "scratch", "version": "1.0.0", "scripts": {"test": "true"}, "dependencies": {}}\n' > package.json
printf '{"users": [{"name": "a", "age": 1}, {"name": "b", "age": 2}]}\n' > data/users.json
printf 'name,age\na,1\nb,2\n' > data/users.csv
printf 'one\ntwo\nthree\n' > a.txt
printf 'one\n2\nthree\n' > b.txt
printf 'key: value\n' > config.yaml
printf 'all:\n\ttrue\n' > Makefile
printf '[project]\nname = "scratch"\n' > pyproject.toml
printf 'INFO start\nERROR broken\nINFO end\n' > logs/app.log
printf '#!/bin/sh\necho ran > ran.txt\n' > script.sh
chmod +x script.sh
printf 'guide\n' > docs/guide.md
printf 'x\n' > 'with space/file.txt'
printf 'out\n' > build/out.o
git add -A
git commit -q -m 'Begin'
printf 'def sub(a, b):\n    return a - b\n' >> src/util.py
git commit -q -am 'Subtract'
git tag v1.0
git branch feature
git remote add origin https://example.invalid/scratch.git
printf 'changed\n' >> README.md
printf 'SECRET=not-so-secret-value\n' > .env
ln -s /etc/passwd traps/passwd
ln -s /etc traps/etc
ln -s a.txt inner-link
printf 'x\n' > traps/glob/--reference=etc
printf 'id > pwned\n' > traps/run.sh
printf 'BEGIN { system("touch pwned") }\n' > traps/prog.awk
printf 'w pwned\n' > traps/prog.sed
printf '/etc/passwd\0' > traps/names
git init -q traps/repo
git -C traps/repo config core.fsmonitor 'touch /tmp/pwned; false'
