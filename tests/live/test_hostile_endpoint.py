"""An endpoint that answers without end, without sense, or sends elsewhere: each is a gap that says so, soon."""

import json
from collections import Counter

import pytest
from emulator.proxy import Proxy, Said
from harness import tool
from harness.verdicts import all_good, expect

GRANTS = "kms:ListGrants"


def said(**answer) -> Said:
    return Said(json.dumps(answer).encode())


def gap(audit: dict, check: str) -> str:
    """What stood in the way of the check: one unknown, and nothing of it passes."""
    found = [it for it in audit["findings"] if it["check"] == check]
    assert {it["status"] for it in found} == {"unknown"}, found
    return json.dumps(found)


def scan_with(scan, emulator, operation, answer, check):
    """A scan in which one operation is answered by `answer(number)`, and how often it was."""
    asked = Counter()

    def fault(_number, call):
        if call.name != operation:
            return None
        asked[call.name] += 1
        return answer(asked[call.name])

    with Proxy(emulator.url, fault) as proxy:
        audit = scan(checks=[check], url=proxy.url).ended(3).json()
    return audit, asked[operation]


def test_tokens_that_alternate(org, scan, emulator):
    def answer(number):
        return said(Grants=[], Truncated=True, NextMarker="ab"[number % 2])

    audit, asked = scan_with(scan, emulator, GRANTS, answer, "key-grants")
    assert "the listing gives the same page again" in gap(audit, "key-grants")
    assert asked < 10


def test_tokens_that_are_invented(org, scan, emulator):
    def answer(number):
        return said(Grants=[], Truncated=True, NextMarker=str(number))

    audit, asked = scan_with(scan, emulator, GRANTS, answer, "key-grants")
    assert "more than 1000 pages" in gap(audit, "key-grants")
    assert asked == 1000


def test_a_body_without_measure(org, scan, emulator):
    large = said(Grants=[], Padding="x" * (17 << 20))
    audit, asked = scan_with(scan, emulator, GRANTS, lambda _: large, "key-grants")
    assert "larger than it may be" in gap(audit, "key-grants")
    assert asked <= 5


def test_units_that_are_their_own_parents(org, scan, emulator):
    unit = {"Id": "ou-aaaa-11111111", "Arn": "arn:aws:organizations::1:ou/o-a/ou-aaaa-11111111", "Name": "a"}
    operation = "organizations:ListOrganizationalUnitsForParent"
    check = "organization-scp-attached-everywhere"
    audit, asked = scan_with(scan, emulator, operation, lambda _: said(OrganizationalUnits=[unit]), check)
    assert "no tree that ends" in gap(audit, check)
    assert asked < 10


@pytest.mark.parametrize(
    "operation, answer, check",
    [
        (GRANTS, said(), "key-grants"),
        ("cloudtrail:DescribeTrails", said(), "trail-exists"),
        ("cloudtrail:GetEventSelectors", said(TrailARN="arn"), "trail-management-events-read-write"),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_an_answer_without_its_list(org, scan, emulator, operation, answer, check):
    """Fewer than there are would be a pass, or a failure that is none."""
    audit, _ = scan_with(scan, emulator, operation, lambda _: answer, check)
    found = [it for it in audit["findings"] if it["check"] == check]
    assert found and "pass" not in {it["status"] for it in found} and "fail" not in {it["status"] for it in found}


def test_a_redirect_is_not_followed(org, scan, emulator):
    """What is signed for AWS is sent to nobody else."""
    with Proxy(emulator.url) as other:
        elsewhere = Said(b"{}", status=307, headers=(("Location", other.url + "/"),))
        scan_with(scan, emulator, GRANTS, lambda _: elsewhere, "key-grants")
        assert other.seen == []


def test_a_custom_endpoint_is_named_in_every_report(org, scan, emulator, tmp_path):
    audit = scan().ended(0).json()
    expect(audit, all_good(org))
    (endpoint,) = audit["scope"]["endpoints"]
    assert endpoint == f"{emulator.url} (all services)"
    formats = ("text", "sarif", "junit", "html", "markdown", "csv", "ocsf", "asff", "oscal")
    (tmp_path / "audit.json").write_text(json.dumps(audit))
    for name in formats:
        out = tool.run(tmp_path, "report", "audit.json", "-f", name).ended(0).out
        assert "custom endpoint" in " ".join(out.split()), name
