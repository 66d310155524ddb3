"""The snippets of docs/fleet.md for Spark and Ray, word for word, on this machine."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import tool

PAGE = Path(__file__).parent.parent.parent / "docs/fleet.md"
HERE = {
    "pyspark": {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_SUBMIT_OPTS": "-Dspark.master=local[2] -Dspark.ui.enabled=false"},
    "ray": {"RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0", "RAY_USAGE_STATS_ENABLED": "0"},
}


def is_here(engine: str) -> bool:
    java = engine != "pyspark" or shutil.which("java")
    return bool("TRAILAUDIT_FULL" in os.environ and importlib.util.find_spec(engine) and java)


@pytest.mark.parametrize(
    "engine",
    [pytest.param(it, marks=pytest.mark.skipif(not is_here(it), reason=f"needs {it}: .ci/full fleet")) for it in HERE],
)
def test_shards_as_tasks(org, emulator, tmp_path, engine):
    snippets = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    (snippet,) = (it for it in snippets if re.search(rf"^(from|import) .*\b{engine}\b", it, re.MULTILINE))
    (tmp_path / "fleet.py").write_text(snippet)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/trailaudit").symlink_to(Path(tool.binary()).absolute())
    variables = {**tool.environment(tmp_path, **tool.credentials(emulator.url)), "RUN": str(tmp_path / "run"), **HERE[engine]}
    variables |= {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "ROLE_NAME": tool.ROLE, "SHARDS": "3", "OUTPUT": "org.jsonl"}
    done = subprocess.run([sys.executable, "fleet.py"], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    scanned = tool.run(tmp_path, "scan", "--inventory", "org.jsonl", "-f", "json=audit.json")
    assert {it["status"] for it in scanned.json()["coverage"]["accounts"]} == {"assessed"}
