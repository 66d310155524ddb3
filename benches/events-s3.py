#!/usr/bin/env python3
"""`events` on a bucket of 90 days, every request 30 ms slower than loopback: what is read for a question of one day.

benches/events-s3.py [TARGET]: the folder of release builds (default target/release). The server is that of
benches/verify-s3.py. What has to be read is worked out here, from the tree's own digests: those that were delivered from
the day's beginning to 36 hours after its end, and each log whose signed times meet the day. Exits with 1 if more than
that, the listings and one in a hundred is requested, or if `who` reads 20 logs for a hop.
"""

import gzip, importlib.util, json, sys, tempfile
from pathlib import Path

spec = importlib.util.spec_from_file_location("verify_s3", Path(__file__).with_name("verify-s3.py"))
s3 = importlib.util.module_from_spec(spec)
spec.loader.exec_module(s3)

DAYS, LOGS, DAY = 90, 12, 45
EVENT = "00000000-0000-4000-8000-000000000002"
LATE = 36


def story():
    """A user who takes a role, and deletes a trail with it half an hour later."""
    account, role = "111122223333", "arn:aws:iam::111122223333:role/admin"
    common = {"eventVersion": "1.11", "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.9", "userAgent": "x",
              "eventType": "AwsApiCall", "readOnly": False, "recipientAccountId": account, "managementEvent": True,
              "eventCategory": "Management"}
    alice = {"type": "IAMUser", "principalId": "AIDAALICEALICEALICE1", "arn": f"arn:aws:iam::{account}:user/alice",
             "accountId": account, "accessKeyId": "AKIAALICEALICEALICE1", "userName": "alice"}
    issuer = {"type": "Role", "principalId": "AROAADMINADMINADMIN1", "userName": "admin", "arn": role, "accountId": account}
    at, later = (s3.instant(DAY * 24 + it) for it in (9.2, 9.7))
    session = {"type": "AssumedRole", "principalId": "AROAADMINADMINADMIN1:x", "accountId": account,
               "arn": f"arn:aws:sts::{account}:assumed-role/admin/x", "accessKeyId": "ASIAADMINADMINADMIN1",
               "sessionContext": {"sessionIssuer": issuer, "attributes": {"creationDate": at, "mfaAuthenticated": "false"}}}
    issued = {"credentials": {"accessKeyId": "ASIAADMINADMINADMIN1"},
              "assumedRoleUser": {"assumedRoleId": session["principalId"], "arn": session["arn"]}}
    took = common | {"eventID": EVENT[:-1] + "1", "eventName": "AssumeRole", "eventSource": "sts.amazonaws.com",
                     "eventTime": at, "userIdentity": alice, "requestParameters": {"roleArn": role}, "responseElements": issued}
    gone = common | {"eventID": EVENT, "eventName": "DeleteTrail", "eventSource": "cloudtrail.amazonaws.com",
                     "eventTime": later, "userIdentity": session}
    return [took, gone]


def digests(root):
    for path in sorted(root.rglob("*.gz")):
        if "/CloudTrail-Digest/" in str(path):
            yield json.loads(gzip.decompress(path.read_bytes()))


def least(root, since, until, last):
    """Objects that a question about this time cannot do without."""
    all = list(digests(root))
    window = [it for it in all if since < it["digestEndTime"] <= last]
    meets = lambda log: log["oldestEventTime"] < until and log["newestEventTime"] >= since  # noqa: E731
    logs = [log for it in window for log in it["logFiles"] if meets(log)]
    return len(all), len(window), len(logs)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = s3.make(folder / "tree", hours=DAYS * 24, logs_per_hour=LOGS, records=3, events=story())
        since, until, last = (s3.instant(it) for it in (DAY * 24, DAY * 24 + 24, DAY * 24 + 24 + LATE))
        all, window, logs = least(folder / "tree", since, until, last)
        tool = [s3.BIN / "trailaudit", "events"]
        times = ["--since", since, "--until", until, "--now", s3.instant(DAYS * 24 + 2), "-q", "-f", "json"]
        took, seen, ran = s3.run(server, folder, [*tool, "search", "s3://logs", "name = AssumeRole", *times])
        assert ran.returncode == 0, ran.stderr + ran.stdout[-2000:]
        answer = json.loads(ran.stdout)
        print(f"{DAYS} days, {all} digests, {len(server.objects) - all} logs, {1000 * s3.DELAY:.0f} ms more for each request")
        print(f"one day: {took:.2f} s, {sum(seen.values())} requests {seen}")
        print(f"its record: {window} digests until {LATE} hours later, {logs} logs that meet it; answered from "
              f"{answer['rests_on']['logs']['verified']} logs, {answer['rests_on']['hours']['verified']} verified hours")
        asked = sum(seen.values())
        # One digest before the window shows that the chain goes on.
        bar = (window + 1 + logs) * 1.01 + sum(count for name, count in seen.items() if name != "get")
        print(f"bar: {bar:.0f} requests: {'kept' if asked <= bar else 'MISSED'}")
        # An hour is named in which the event is: else it is looked for in all of the record.
        hour = ["--since", s3.instant(DAY * 24 + 9.5), "--until", s3.instant(DAY * 24 + 10)]
        took, seen, ran = s3.run(server, folder, [*tool, "who", "s3://logs", EVENT, *hour, *times[4:]])
        assert ran.stdout, ran.stderr
        who = json.loads(ran.stdout)["who"][0]
        hops = [hop["logs_read"] for hop in who["hops"]]
        print(f"who: {took:.2f} s, {sum(seen.values())} requests, {who['state']}, logs read to find what comes before each hop: {hops}")
        sys.exit(asked > bar or any(it >= 20 for it in hops))


if __name__ == "__main__":
    main()
