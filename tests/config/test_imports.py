"""The hot path of this room imports nothing that it does not need."""

import pathlib
import subprocess
import sys

_CODE = """
import asyncio, msgspec, pathlib, sys
before = set(sys.modules)
from kedge.config import layers, models, paths, prompts, providers, secrets
env = {"KEDGE_HOME": sys.argv[1], "KEDGE_MODE": "plan", "OPENAI_API_KEY": "k"}
home = paths.home(env)
loaded = layers.load(
    env=env, cwd=pathlib.Path(sys.argv[1]), config_dir=home.config_dir, package_version="1",
    managed=pathlib.Path(sys.argv[1], "managed.toml"),
)
table = next(providers.signed_in(env, loaded.settings.providers))
models.profile(table.name, table.default_model, loaded.settings.models)
secrets.find_key(table, env)
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(name for name in new if not name.startswith("_")))
"""


def test_loading_settings_imports_little(tmp_path: pathlib.Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _CODE, str(tmp_path)], capture_output=True, text=True, check=True
    )
    # datetime belongs to msgspec, which imports it when first asked to convert.
    assert set(run.stdout.split()) <= {"datetime", "hashlib", "kedge", "string", "tomllib"}
