"""`--keep-answers`: what AWS answered, word for word, less what nobody else may know."""

import json
import re

from harness import tool

SECRET = re.compile(r"<(SecretAccessKey|SessionToken|AccessKeyId)>(?!\[redacted\])")
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def key(it: dict) -> tuple:
    return it["account"], it["region"], it["call"], it.get("about", ""), it.get("request_id")


def test_answers_are_kept_and_sealed(org, scan):
    run = scan("--keep-answers", "answers.jsonl", "--save-inventory", "inventory.jsonl")
    folder = run.folder
    answers = lines(folder / "answers.jsonl")
    ledger = [it["value"] for it in lines(folder / "inventory.jsonl") if it["record"] == "call"]
    answered = {key(it) for it in ledger if it["outcome"] == "answered"}
    assert answered and answered <= {key(it) for it in answers} <= {key(it) for it in ledger}

    # Word for word: what the emulator says of a trail is in the answer about it.
    listed = [it for it in answers if it["call"] == "cloudtrail:DescribeTrails" and it["status"] == 200]
    assert any("TrailARN" in it["body"] for it in listed)

    # Neither sessions nor people.
    sessions = [it for it in answers if it["call"] == "sts:AssumeRole"]
    assert sessions and all(it["redacted"] >= 3 for it in sessions)
    for it in answers:
        assert not SECRET.search(it["body"]), it["call"]
        assert not ADDRESS.search(it["body"]), it["call"]
    accounts = [it for it in answers if it["call"] == "organizations:ListAccounts"]
    assert accounts and all("[redacted]" in it["body"] for it in accounts)
    assert (folder / "answers.jsonl").stat().st_mode & 0o777 == 0o600

    sealed = ("evidence", "create", "--inventory", "inventory.jsonl", "--answers", "answers.jsonl", "-o", "bundle")
    tool.run(folder, *sealed).ended(0)
    assert json.loads((folder / "bundle/manifest.json").read_text())["answers"] == len(answers)
    # 3: it is not signed.
    assert "WRONG" not in tool.run(folder, "evidence", "verify", "bundle").ended(3).out
    drawn = tool.run(folder, "evidence", "sample", "bundle", "--of", "calls", "--size", "5").ended(0).out
    calls = [call for line in drawn.splitlines() for call in json.loads(line)["calls"]]
    assert all(call["answer"] for call in calls if call["call"]["outcome"] == "answered")

    # Answers of another run are refused.
    other = json.loads((folder / "answers.jsonl").read_text().splitlines()[0])
    (folder / "answers.jsonl").write_text(json.dumps({**other, "request_id": "other"}) + "\n")
    wrong = tool.run(folder, *sealed[:-1], "again")
    assert wrong.code != 0 and "ledger does not have" in wrong.err
    assert not (folder / "again").exists()


def test_nothing_is_kept_unasked(org, scan):
    run = scan()
    assert not list(run.folder.glob("answers*"))


def test_a_saved_inventory_has_no_answers_to_keep(tmp_path):
    wrong = tool.run(tmp_path, "scan", "--demo", "--keep-answers", "x.jsonl").ended(2)
    assert "for asking AWS" in wrong.err
