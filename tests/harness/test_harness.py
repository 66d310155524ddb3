"""The comparison finds what it is there to find; hostile text lands where people type."""

from harness import inventory
from harness.verdicts import all_good, but, differences, each


class Org:
    id, trail, bucket, key = "o-1", "trail", "bucket", "key"
    accounts, regions = ("1", "2"), ("r",)


def audit(*findings) -> dict:
    return {
        "findings": [
            {"check": check, "status": status, "subject": {"id": subject}, "message": ""}
            for check, subject, status in findings
        ]
    }


def test_verdicts_are_compared_subject_by_subject():
    wanted = {"a": {"x": "pass", "y": ("fail", "unknown")}}
    right = [("a", "x", "pass"), ("a", "y", "unknown"), ("not-spoken-of", "z", "fail")]
    assert differences(audit(*right), wanted) == []
    for wrong, word in [
        ([("a", "y", "fail")], "x is nothing"),
        ([*right[1:], ("a", "x", "unknown")], "x is unknown"),
        ([*right, ("a", "z", "pass")], "unexpected pass for z"),
        ([*right, ("a", "x", "pass")], "two findings for x"),
        ([right[0], ("a", "y", "pass")], "fail or unknown expected"),
    ]:
        (line,) = differences(audit(*wrong), wanted)
        assert word in line


def test_changes_replace_and_take_away():
    changed = but(all_good(Org), each(["key-enabled"], "key", is_="fail"), {"trail-exists": {"1": None}})
    assert changed["key-enabled"] == {"key": "fail"} and changed["trail-exists"] == {"2": "pass"}
    assert all_good(Org)["trail-exists"] == {"1": "pass", "2": "pass"}


def test_hostile_text_lands_in_names_tags_and_details_only():
    tags = {"known": {"owner": "me"}}
    records = [
        {"record": "header", "value": {"schema": 1}},
        {"record": "account", "value": {"id": "1", "name": "app", "parent": {"known": None}}},
        {"record": "trail", "value": {"arn": "arn", "name": "t", "tags": tags}},
        {"record": "bucket", "value": {"name": "b", "acl": {"unknown": {"reason": "denied", "detail": "d"}}}},
    ]
    (header, account, trail, bucket), count = inventory.hostile(records, "!")
    assert count == 4 and header == records[0]
    assert account["value"]["name"] == "app!" and account["value"]["id"] == "1"
    assert trail["value"] == {"arn": "arn", "name": "t!", "tags": {"known": {"owner": "me!"}}}
    assert bucket["value"] == {"name": "b", "acl": {"unknown": {"reason": "denied", "detail": "d!"}}}
    assert inventory.newer(records)[0]["value"]["schema"] == 2
