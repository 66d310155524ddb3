"""Every command that README and docs print is taken out of them and run, or is listed here with why it is not."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import commands as commands_of_aws
from harness import tool

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Names that the reader replaces with their own.
OWN = {
    "F": "org.jsonl.zst",
    "NAME": "platform-operator",
    "ARN": "arn:aws:cloudtrail:us-east-1:111111111111:trail/organization-trail",
    "A": "cloudtrail:StopLogging",
    "ID": "trail-exists",
    "KIND": "json",
    "DIR": "mirror",
    "s3://BUCKET": "s3://org-logs",
    "s3://REPLICA": "s3://org-logs-replica",
    "BUCKET": "org-logs",
}
ROLE = "arn:aws:iam::111111111111:role/platform-operator"
# With credentials they would call AWS; without, a command that is written rightly ends with 4, and a wrong one with 2.
NEEDS_AWS = 4
NOT_RUN = {
    r"cargo run --release": "the build of the README's first lines; its arguments are run",
    r"^trailaudit shard (run|plan-resources|status|merge) ": "they need a run that was planned: live/test_shards.py and shards.rs do",
    r"^trailaudit verify DIR ": "the keys of the mirror are made in the tests of verify, which run the same",
}


def commands() -> list[tuple[str, str]]:
    """Of fenced blocks, a line each; of the text, what stands between backticks and has more than a subcommand."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            lines = [line for line in block.splitlines() if re.match(r"(trailaudit|cargo run) ", line)]
            found += [(page.name, line) for line in lines]
        outside = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
        spans = re.findall(r"`(trailaudit [a-z]+(?: [^`]+)+)`", outside)
        found += [(page.name, re.sub(r"\s+", " ", span)) for span in spans]
    return list(dict.fromkeys(found))


def arguments(line: str) -> list[str]:
    # What may be left out is left out.
    words = shlex.split(re.sub(r"\[[^\]]*\]", "", line), comments=True)[1:]
    # Where its output goes is the shell's.
    words = words[: words.index(">")] if ">" in words else words
    words = [OWN.get(word, word) for word in words]
    for at, flag in enumerate(words[:-1]):
        if flag == "--principal" and "simulate" in words:
            words[at + 1] = ROLE
        if flag in ("-o", "--output") and words[:2] == ["evidence", "create"]:
            # One of this name is there: the other commands are about it.
            words[at + 1] = f"new-{words[at + 1]}"
    # The name of a command alone.
    return [*words, "--help"] if words[0] == "evidence" and len(words) == 2 else words


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the files that the pages name."""
    folder = tmp_path_factory.mktemp("docs")
    tool.run(folder, "collect", "--demo", "--output", "org.jsonl.zst").ended(0)
    for name in ("last.jsonl.zst", "chains.jsonl.zst"):
        shutil.copy(folder / "org.jsonl.zst", folder / name)
    shutil.copy(ROOT / "checks/tests/terraform/plans/delete-trail.json", folder / "plan.json")
    for name in ("audit.json", "last.json", "today.json", "approved.json"):
        tool.run(folder, "scan", "--inventory", "org.jsonl.zst", "-f", f"json={name}").ended(1)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", "key.pem"], cwd=folder, check=True)
    subprocess.run(["openssl", "pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"], cwd=folder, check=True)
    (folder / "k").write_bytes(bytes(32))
    tool.run(folder, "nightly", "--store", "audits", "--run", "RUN", "--inventory", "org.jsonl.zst").ended(1)
    create = ("evidence", "create", "--inventory", "org.jsonl.zst", "--sign", "key.pem", "--output", "evidence")
    assert tool.run(folder, *create).code in (0, 1)
    return folder


def test_there_are_commands():
    assert len(commands()) > 25


@pytest.mark.parametrize(("page", "line"), commands(), ids=[f"{page}: {line[:60]}" for page, line in commands()])
def test_a_command_of_the_docs_runs(place, page, line):
    if any(re.search(pattern, line) for pattern in NOT_RUN):
        return
    run = tool.run(place, *arguments(line))
    assert run.code in (0, 1, 3, NEEDS_AWS), f"{page}: {line}\n{run.err}"
    if run.code == NEEDS_AWS:
        assert "credentials" in run.err, run.err


def others() -> list[tuple[str, str]]:
    """The commands of other tools in fenced blocks, a line each."""
    found = []
    for page in PAGES:
        for block in re.findall(r"^```[a-z]*\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE):
            found += [(page.name, line.strip()) for line in block.splitlines() if re.match(r" *(jq|aws|curl) ", line)]
    return found


@pytest.mark.parametrize(("page", "line"), others(), ids=[f"{page}: {line[:60]}" for page, line in others()])
def test_a_command_of_another_tool(place, page, line):
    """`jq` is run; `aws` has the parameters that its own models ask for; `curl` would need somebody to answer."""
    if line.startswith("aws "):
        assert commands_of_aws.problems_of(f"`{line}`") == []
    elif line.startswith("jq "):
        tool.run(place, "report", "audit.json", "-q", "-f", "asff=findings.asff.jsonl").ended(0)
        if "mine.jsonl" in line and "> mine.jsonl" not in line:
            (place / "mine.jsonl").write_bytes((place / "findings.asff.jsonl").read_bytes())
        run = subprocess.run(["bash", "-c", line], cwd=place, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        written = re.search(r"> (\S+)$", line)
        told = (place / written[1]).read_text("utf-8") if written else run.stdout
        assert told.strip(), line


def test_a_wrong_command_is_found(place):
    assert tool.run(place, *arguments("trailaudit scan --fail-on-new true  # wrong")).code == 2
