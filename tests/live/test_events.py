"""`events` against the emulator's S3: the same answers as of a mirror, and no request too many."""

import json
from collections import Counter
from datetime import datetime

import pytest

from emulator import cloudtrail
from emulator.organization import SESSION
from harness import tool, tree

KEY = {"aws_access_key_id": "AKIAMANAGEMENT", "aws_secret_access_key": "x"}


@pytest.fixture
def s3(emulator):
    emulator.reset()
    cloudtrail.history.clear()
    return SESSION.client("s3", region_name="us-east-1", endpoint_url=emulator.url, **KEY)


@pytest.fixture
def events(emulator, tmp_path):
    def go(command: str, *words: str, source="s3://logs", until=tree.END) -> tool.Run:
        emulator.log.clear()
        times = ["--until", until, "--now", tree.NOW]
        return tool.run(tmp_path, "events", command, source, *words, *times, **tool.credentials(emulator.url))

    return go


def test_a_bucket_and_its_mirror_say_the_same(s3, events, tmp_path):
    faults = [{"do": "tamper", "log": [1, 0]}, {"do": "delete", "log": [2, 1]}, {"do": "add-log", "minute": 130}]
    made = tree.make(tmp_path, records=3, faults=faults)
    made.upload(s3)
    live = json.loads(events("search", "-f", "json").ended(3).out)
    mirror = json.loads(events("search", "--public-keys", str(made.keys), "-f", "json", source=str(made.root)).ended(3).out)
    assert live["records"] == mirror["records"] and live["rests_on"]["logs"] == mirror["rests_on"]["logs"]
    assert live["rests_on"]["logs"] == {
        "verified": 10, "altered": 1, "unlisted": 1, "unverified": 0, "missing": 1, "unread": 0, "outside": 0
    }


def test_a_window_reads_only_logs_whose_signed_times_meet_it(s3, events, emulator, tmp_path):
    tree.make(tmp_path, records=3, hours=24, logs_per_hour=4).upload(s3)
    since = ["--since", "2026-01-01T03:00:00Z"]
    answer = json.loads(events("search", *since, "-f", "json", until="2026-01-01T04:00:00Z").ended(0).out)
    logs = answer["rests_on"]["logs"]
    counts = emulator.counts()
    # The digests from the window's hour on, one before it, and the logs of that hour.
    read = logs["verified"]
    assert read == 4 and logs["outside"] > 0, logs
    assert counts["s3:GetObject"] <= read + 24 - 2, counts


def test_a_log_that_is_gone_is_told(s3, events, tmp_path):
    made = tree.make(tmp_path, records=3)
    made.upload(s3)
    s3.delete_object(Bucket="logs", Key=made.logs[0])
    run = events("search", "name = NoSuchCall").ended(3)
    assert "None in 33 records of 5 verified hours" in run.out
    assert made.logs[0] in run.out.replace("\n    ", "")


def test_who_reads_few_logs(s3, events, emulator, tmp_path):
    def record(name, time, identity, **more):
        return {
            "eventVersion": "1.11", "userIdentity": identity, "eventTime": time, "eventSource": "sts.amazonaws.com",
            "eventName": name, "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.9", "userAgent": "x",
            "requestParameters": None, "responseElements": None, "eventType": "AwsApiCall", "readOnly": False,
            "recipientAccountId": "111122223333", "managementEvent": True, "eventCategory": "Management", **more,
        }  # fmt: skip

    alice = {"type": "IAMUser", "principalId": "AIDAALICEALICEALICE1", "arn": "arn:aws:iam::111122223333:user/alice",
             "accountId": "111122223333", "accessKeyId": "AKIAALICEALICEALICE1", "userName": "alice"}  # fmt: skip
    session = {
        "type": "AssumedRole", "principalId": "AROAADMINADMINADMIN1:any-name", "accountId": "111122223333",
        "arn": "arn:aws:sts::111122223333:assumed-role/admin/any-name", "accessKeyId": "ASIAADMINADMINADMIN1",
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": "AROAADMINADMINADMIN1", "userName": "admin",
                              "arn": "arn:aws:iam::111122223333:role/admin", "accountId": "111122223333"},
            "attributes": {"creationDate": "2026-01-01T01:10:00Z", "mfaAuthenticated": "false"},
        },
    }  # fmt: skip
    issued = {
        "credentials": {"accessKeyId": "ASIAADMINADMINADMIN1", "expiration": "Jan 1, 2026, 2:10:00 AM"},
        "assumedRoleUser": {"assumedRoleId": "AROAADMINADMINADMIN1:any-name",
                            "arn": "arn:aws:sts::111122223333:assumed-role/admin/any-name"},
    }  # fmt: skip
    role = {"roleArn": "arn:aws:iam::111122223333:role/admin", "roleSessionName": "any-name"}
    wanted = "00000000-0000-4000-8000-000000000002"
    made = [
        record("AssumeRole", "2026-01-01T01:10:00Z", alice, eventID=wanted[:-1] + "1", requestParameters=role, responseElements=issued),
        record("DeleteTrail", "2026-01-01T01:50:00Z", session, eventID=wanted, eventSource="cloudtrail.amazonaws.com"),
    ]
    tree.make(tmp_path, records=3, logs_per_hour=6, events=made).upload(s3)
    answer = json.loads(events("who", wanted, "-f", "json").ended(0).out)
    (who,) = answer["who"]
    assert (who["state"], who["actor"]["id"], who["proof"]) == ("resolved", alice["arn"], "verified")
    assert [hop["event"]["name"] for hop in who["hops"]] == ["DeleteTrail", "AssumeRole"]
    assert who["logs_read"] <= 20, who["logs_read"]


def proofs(answer: dict) -> dict:
    return dict(Counter(it["proof"] for it in answer["records"]))


def test_a_version_with_the_listed_hash_is_read(s3, events, emulator, tmp_path):
    made = tree.make(tmp_path, records=3)
    s3.create_bucket(Bucket="logs")
    s3.put_bucket_versioning(Bucket="logs", VersioningConfiguration={"Status": "Enabled"})
    made.upload(s3, create=False)
    gone, altered, forged = made.logs[0], made.logs[3], made.logs[6]
    other = (made.root / made.logs[4]).read_bytes()
    s3.delete_object(Bucket="logs", Key=gone)
    s3.put_object(Bucket="logs", Key=altered, Body=other)
    # Of this one no version is left that CloudTrail wrote.
    for version in s3.list_object_versions(Bucket="logs", Prefix=forged)["Versions"]:
        s3.delete_object(Bucket="logs", Key=forged, VersionId=version["VersionId"])
    for _ in range(2):
        s3.put_object(Bucket="logs", Key=forged, Body=other)
    newest = json.loads(events("search", "-f", "json").ended(3).out)
    assert proofs(newest) == {"verified": 27, "altered": 6}
    run = events("search", "--versions", "-f", "json").ended(3)
    answer = json.loads(run.out)
    assert proofs(answer) == {"verified": 27, "version": 6, "altered": 6}
    told = {it["at"]["key"]: it["why"] for it in answer["rests_on"]["objects"] if it["verdict"] == "version"}
    assert told.keys() == {gone, altered, forged}
    assert "has the listed hash and was read" in told[gone]
    assert "3 records more, 3 records less and 0 changed" in told[altered]
    assert told[forged] == "none of its 2 versions has the listed hash"
    # What was done to the objects is still said: the hours are no better.
    assert answer["rests_on"]["hours"] == newest["rests_on"]["hours"]
    emulator.refuse("AccessDenied", operation="s3:ListObjectVersions")
    denied = json.loads(events("search", "--versions", "-f", "json").ended(3).out)
    assert proofs(denied) == proofs(newest)
    assert sum("its versions are not known" in it["why"] for it in denied["rests_on"]["objects"]) == 3


def test_the_event_history_is_shown_and_proves_nothing(s3, events, emulator, tmp_path):
    account = SESSION.client("sts", region_name="us-east-1", endpoint_url=emulator.url, **KEY).get_caller_identity()["Account"]

    def event(name: str, hour: int, **more) -> dict:
        time = f"2026-01-01T{hour:02}:20:00Z"
        record = {"eventVersion": "1.11", "eventID": f"{name}-{hour}", "eventName": name, "eventTime": time,
                  "eventSource": "cloudtrail.amazonaws.com", "awsRegion": "eu-west-1", "recipientAccountId": account,
                  "userIdentity": {"type": "Root", "accountId": account}, "eventCategory": "Management"}  # fmt: skip
        at = datetime.fromisoformat(time).timestamp()
        return {"EventId": record["eventID"], "EventName": name, "EventTime": at, "CloudTrailEvent": json.dumps(record)} | more

    made = tree.make(tmp_path, accounts=[account, "999900001111"], records=3,
                     faults=[{"do": "delete", "digest": 1}, {"do": "delete", "chain": 1, "digest": 1}])  # fmt: skip
    made.upload(s3)
    cloudtrail.history[account, "eu-west-1"] = [event("StopLogging", 1), event("StopLogging", 4)]
    before = json.loads(events("search", "name = StopLogging", "-f", "json").ended(3).out)
    assert before["records"] == []
    run = events("search", "name = StopLogging", "--lookup-events", "-f", "json").ended(3)
    answer = json.loads(run.out)
    # The other hour is verified: what the logs say of it stands.
    assert [(it["record"]["eventID"], it["proof"]) for it in answer["records"]] == [("StopLogging-1", "unverified")]
    assert answer["records"][0]["at"]["key"] == f"LookupEvents/{account}/eu-west-1"
    assert answer["rests_on"]["hours"] == before["rests_on"]["hours"]
    assert any(f"for account {account} only" in it and "999900001111" in it for it in answer["rests_on"]["not_covered"])
    # Broken records lose no others, and an answer that cannot be had is told.
    cloudtrail.history[account, "eu-west-1"].append(event("StopLogging", 1, CloudTrailEvent="{"))
    broken = json.loads(events("search", "--lookup-events", "-f", "json").ended(3).out)
    assert broken["rests_on"]["problems"] != []
    emulator.refuse("AccessDeniedException", operation="cloudtrail:LookupEvents")
    refused = json.loads(events("search", "--lookup-events", "-f", "json").ended(3).out)
    assert any("was not read: cloudtrail:LookupEvents was denied" in it for it in refused["rests_on"]["not_covered"])


def test_both_need_a_bucket(tmp_path):
    made = tree.make(tmp_path, records=1)
    for flag in ("--versions", "--lookup-events"):
        run = tool.run(tmp_path, "events", "search", str(made.root), flag, "--public-keys", str(made.keys)).ended(2)
        assert f"{flag} asks AWS, and the source is no bucket" in run.err
