"""What is wrong before anything is judged (2), and what ends a run (4, 130)."""

import json
import signal
import subprocess

import pytest

from emulator.organization import SESSION
from emulator.proxy import Gate, Proxy
from harness import inventory, junit, sarif, tool, tree
from harness.verdicts import CHECKS

DEMO = ("scan", "--demo")


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["scan", "--dmeo"], "--demo"),
        (["scna"], "scan"),
        ([*DEMO, "--fail-on", "enormous"], "critical"),
        ([*DEMO, "--framework", "cis-99"], "cis-99"),
        ([*DEMO, "--check", "nothing-*"], "nothing-*"),
        ([*DEMO, "--skip-check", "*"], "check"),
        ([*DEMO, "--accounts", "999999999999"], "account"),
        ([*DEMO, "--now", "yesterday"], "yesterday"),
        ([*DEMO, "-f", "pdf"], "pdf"),
        ([*DEMO, "-f", "json", "-f", "sarif"], "stdout"),
        ([*DEMO, "--waivers", "absent.toml"], "absent.toml"),
        ([*DEMO, "--config", "absent.toml"], "absent.toml"),
        (["scan", "--inventory", "absent.jsonl"], "absent.jsonl"),
    ],
)
def test_a_wrong_argument_is_2_and_named(tmp_path, arguments, named):
    run = tool.run(tmp_path, *arguments).ended(2)
    assert named in run.err and run.out == ""


@pytest.mark.parametrize(
    "name, text, named",
    [
        ("config", "retention_day = 30\n", "retention_days"),
        ("config", "retention_days = 'long'\n", "config.toml:1"),
        ("config", "retention_days = \n", "config.toml:1"),
        (
            "waivers",
            "[[waiver]]\ncheck = 'trail-*'\nsubject = '*'\nreason = 'r'\napprover = 'a'\n",
            "expires",
        ),
        ("waivers", "[[waivre]]\ncheck = 'trail-*'\n", "waiver"),
        ("waivers", "[[accepted_gap]]\nreason='r'\napprover='a'\nexpires='2026-13-01'\n", "waivers.toml:4"),
    ],
)
def test_a_wrong_file_is_2_and_the_place_named(tmp_path, name, text, named):
    (tmp_path / f"{name}.toml").write_text(text)
    run = tool.run(tmp_path, *DEMO, f"--{name}", f"{name}.toml").ended(2)
    assert named in run.err and f"{name}.toml" in run.err


def test_a_broken_inventory_is_2(tmp_path):
    for text in ("", "{", "no inventory\n", "[]\n", "{}\n", '{"schema": null}\n', "\x00\x01\x02"):
        (tmp_path / "broken.jsonl").write_text(text)
        run = tool.run(tmp_path, "scan", "--inventory", "broken.jsonl").ended(2)
        assert "broken.jsonl" in run.err and "panicked" not in run.err, text


def test_an_inventory_with_one_broken_line_is_2(tmp_path):
    tool.run(tmp_path, "collect", "--demo", "-o", "demo.jsonl").ended(0)
    lines = (tmp_path / "demo.jsonl").read_text("utf-8").splitlines()
    lines[len(lines) // 2] = lines[len(lines) // 2][:-5]
    (tmp_path / "demo.jsonl").write_text("\n".join(lines) + "\n")
    assert str(len(lines) // 2 + 1) in tool.run(tmp_path, "scan", "--inventory", "demo.jsonl").ended(2).err


def test_a_newer_inventory_is_2_with_a_clear_word(tmp_path):
    tool.run(tmp_path, "collect", "--demo", "-o", "demo.jsonl").ended(0)
    records = inventory.newer(inventory.read(tmp_path / "demo.jsonl"))
    inventory.write(tmp_path / "newer.jsonl", records)
    assert "newer" in tool.run(tmp_path, "scan", "--inventory", "newer.jsonl").ended(2).err


def test_no_credentials_is_4(tmp_path):
    run = tool.run(tmp_path, "scan", AWS_REGION="us-east-1").ended(4)
    assert "credentials" in run.err.lower()


def test_a_missing_profile_is_4(tmp_path):
    run = tool.run(tmp_path, "scan", "--profile", "absent", AWS_REGION="us-east-1").ended(4)
    assert "absent" in run.err


def test_no_network_is_4(tmp_path):
    """Nobody listens on port 9."""
    tool.run(tmp_path, "scan", **tool.credentials("http://127.0.0.1:9")).ended(4)


def test_an_output_that_cannot_be_written_is_4_and_does_not_stop_the_others(tmp_path):
    (tmp_path / "taken").mkdir()
    run = tool.run(tmp_path, *DEMO, "-f", "json=taken", "-f", "sarif=a.sarif", "-f", "junit=a.xml").ended(4)
    assert "taken" in run.err
    assert sarif.schema(tmp_path / "a.sarif") == [] and junit.problems(tmp_path / "a.xml") == []


def test_a_closed_pipe_is_no_error(tmp_path):
    process = subprocess.Popen(
        [tool.binary(), *DEMO, "-f", "json"],
        env=tool.environment(tmp_path),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    errors = process.stderr.read().decode()
    assert process.wait(timeout=60) == 1 and "panicked" not in errors, errors


def test_interrupted_is_130_with_every_output_marked(org, emulator, tmp_path):
    """The emulator answers the first requests and then no more: the run ends at once all the same."""
    gate = Gate(free=12)
    outputs = ["-f", "json=a.json", "-f", "sarif=a.sarif", "-f", "junit=a.xml", "-f", "text=a.txt"]
    with Proxy(emulator.url, hold=gate) as proxy:
        process = subprocess.Popen(
            [tool.binary(), "scan", "--role-name", tool.ROLE, "--check", *CHECKS, *outputs],
            env=tool.environment(tmp_path, **tool.credentials(proxy.url)),
            cwd=tmp_path,
            stderr=subprocess.PIPE,
        )
        assert gate.reached.wait(timeout=20)
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(timeout=20)
        finally:
            process.kill()
            gate.opened.set()
    run = tool.Run(code, "", process.stderr.read().decode(), tmp_path).ended(130)
    audit = run.json("a.json")
    told = audit["run"]
    assert told["interrupted"] and not told["complete"] and told["exit_code"] == 130
    # Nothing passes that was not seen.
    assert not [f for f in audit["findings"] if f["subject"]["id"] == org.bucket and f["status"] == "pass"]
    assert sarif.problems(tmp_path / "a.sarif") == [] and junit.problems(tmp_path / "a.xml") == []
    for name in ("a.sarif", "a.xml", "a.txt"):
        assert "interrupted" in run.text(name).lower(), name


def test_an_interrupted_verification_calls_nothing_valid_that_was_not_read(emulator, tmp_path):
    emulator.reset()
    s3 = SESSION.client("s3", endpoint_url=emulator.url, aws_access_key_id="AKIAMANAGEMENT", aws_secret_access_key="x")
    tree.make(tmp_path).upload(s3)
    # The listings, the keys and some objects.
    gate = Gate(free=18)
    times = ["--until", tree.END, "--now", tree.NOW, "--state", "s.json"]
    with Proxy(emulator.url, hold=gate) as proxy:
        process = subprocess.Popen(
            [tool.binary(), "verify", "s3://logs", *times, "-f", "json=a.json", "-f", "text=a.txt"],
            env=tool.environment(tmp_path, **tool.credentials(proxy.url)),
            cwd=tmp_path,
            stderr=subprocess.PIPE,
        )
        assert gate.reached.wait(timeout=20)
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(timeout=20)
        finally:
            process.kill()
            gate.opened.set()
    run = tool.Run(code, "", process.stderr.read().decode(), tmp_path).ended(130)
    audit = run.json("a.json")
    (chain,) = audit["chains"]
    assert audit["run"]["interrupted"] and chain["verdict"] == "unverified"
    assert chain["digests"]["valid"] + chain["logs"]["valid"] < 18 and "fail" not in {f["status"] for f in audit["findings"]}
    assert "interrupted" in run.text("a.txt").lower()
    # The next run starts where this one did.
    assert json.loads(run.text("s.json"))["chains"] == {}
