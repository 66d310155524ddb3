"""The Spark snippet of docs/fleet.md, word for word, on a Spark of this machine."""

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


@pytest.mark.skipif(
    "TRAILAUDIT_FULL" not in os.environ or not importlib.util.find_spec("pyspark") or not shutil.which("java"),
    reason="needs pyspark and Java: .ci/full fleet",
)
def test_spark(org, emulator, tmp_path):
    (snippet,) = (it for it in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE) if "pyspark" in it)
    (tmp_path / "fleet.py").write_text(snippet)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/trailaudit").symlink_to(Path(tool.binary()).absolute())
    variables = {**tool.environment(tmp_path, **tool.credentials(emulator.url)), "RUN": str(tmp_path / "run")}
    variables |= {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "ROLE_NAME": tool.ROLE, "SHARDS": "3", "OUTPUT": "org.jsonl"}
    variables |= {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_SUBMIT_OPTS": "-Dspark.master=local[2] -Dspark.ui.enabled=false"}
    done = subprocess.run([sys.executable, "fleet.py"], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    scanned = tool.run(tmp_path, "scan", "--inventory", "org.jsonl", "-f", "json=audit.json")
    assert {it["status"] for it in scanned.json()["coverage"]["accounts"]} == {"assessed"}
