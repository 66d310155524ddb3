"""`events` against the emulator's S3: the same answers as of a mirror, and no request too many."""

import json

import pytest

from emulator.organization import SESSION
from harness import tool, tree

KEY = {"aws_access_key_id": "AKIAMANAGEMENT", "aws_secret_access_key": "x"}


@pytest.fixture
def s3(emulator):
    emulator.reset()
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
