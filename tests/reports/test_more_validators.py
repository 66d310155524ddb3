"""The judges of the other formats, too, accept a good file and refuse a bad one."""

import copy
import json

import pytest

from harness import asff, markdown, ocsf, oscal, page, table

EVENT = {
    "activity_id": 1,
    "category_uid": 2,
    "class_uid": 2003,
    "type_uid": 200301,
    "severity_id": 4,
    "time": 1_794_808_800_000,
    "metadata": {"version": "1.8.0", "product": {"name": "trailaudit", "vendor_name": "trailaudit"}},
    "finding_info": {"uid": "a", "title": "t"},
    "compliance": {"status_id": 3},
    "resources": [{"uid": "arn:aws:s3:::logs"}],
}
FINDING = {
    "SchemaVersion": "2018-10-08",
    "Id": "trailaudit/a",
    "ProductArn": "arn:aws:securityhub:us-east-1:111111111111:product/111111111111/default",
    "GeneratorId": "trailaudit/trail-exists",
    "AwsAccountId": "111111111111",
    "Region": "us-east-1",
    "CreatedAt": "2026-01-01T00:00:00Z",
    "UpdatedAt": "2026-01-01T00:00:00Z",
    "Title": "title",
    "Description": "description",
    "Resources": [{"Type": "AwsCloudTrailTrail", "Id": "arn:aws:cloudtrail:us-east-1:111111111111:trail/t"}],
    "Compliance": {"Status": "FAILED"},
}
UUID = "aaaaaaaa-0000-5000-8000-00000000000{}".format
RESULTS = {
    "uuid": UUID(1),
    "metadata": {
        "title": "t",
        "last-modified": "2026-01-01T00:00:00Z",
        "version": "1",
        "oscal-version": "1.2.1",
    },
    "import-ap": {"href": f"#{UUID(3)}"},
    "results": [
        {
            "uuid": UUID(2),
            "title": "t",
            "description": "d",
            "start": "2026-01-01T00:00:00Z",
            "reviewed-controls": {"control-selections": [{"include-controls": [{"control-id": "au-9"}]}]},
            "findings": [
                {
                    "uuid": UUID(4),
                    "title": "t",
                    "description": "d",
                    "target": {
                        "type": "objective-id",
                        "target-id": "au-9_obj",
                        "status": {"state": "satisfied"},
                    },
                }
            ],
        }
    ],
    "back-matter": {"resources": [{"uuid": UUID(3), "title": "plan"}]},
}


def judged(tmp_path, judge, good, change, wrap=lambda value: value) -> list[str]:
    value = copy.deepcopy(good)
    change(value)
    path = tmp_path / "file"
    path.write_text(json.dumps(wrap(value)))
    return judge.problems(path)


BAD_EVENTS = {
    "": lambda event: None,
    "severity_id": lambda event: event.update(severity_id=7),
    "surprise": lambda event: event.update(surprise=1),
    "compliance": lambda event: event.pop("compliance"),
    "milliseconds": lambda event: event.update(time=1_794_808_800),
    "resources": lambda event: event["resources"][0].update(surprise=1),
}


@pytest.mark.parametrize("reason", BAD_EVENTS)
def test_ocsf(tmp_path, reason):
    found = judged(tmp_path, ocsf, EVENT, BAD_EVENTS[reason])
    assert any(reason in line for line in found) if reason else found == []


BAD_FINDINGS = {
    "": lambda finding: None,
    "GeneratorId": lambda finding: finding.pop("GeneratorId"),
    "Unknown parameter": lambda finding: finding.update(Surprise="x"),
    "ComplianceStatus": lambda finding: finding["Compliance"].update(Status="BAD"),
    "Title has 257": lambda finding: finding.update(Title="x" * 257),
    "is empty": lambda finding: finding.update(Description=" "),
    "not of the finding's account": lambda finding: finding.update(AwsAccountId="222222222222"),
}


@pytest.mark.parametrize("reason", BAD_FINDINGS)
def test_asff(tmp_path, reason):
    found = judged(tmp_path, asff, FINDING, BAD_FINDINGS[reason], lambda value: {"Findings": [value]})
    assert any(reason in line for line in found) if reason else found == []


def test_asff_batches(tmp_path):
    many = [{**FINDING, "Id": str(number)} for number in range(101)]
    path = tmp_path / "file"
    path.write_text(json.dumps({"Findings": many}))
    assert asff.problems(path) == ["line 1: too large a batch"]


BAD_RESULTS = {
    "": lambda results: None,
    "state": lambda results: results["results"][0]["findings"][0]["target"]["status"].update(state="perhaps"),
    "reviewed": lambda results: results["results"][0].pop("reviewed-controls"),
}


@pytest.mark.parametrize("reason", BAD_RESULTS)
def test_oscal(tmp_path, reason):
    found = judged(tmp_path, oscal, RESULTS, BAD_RESULTS[reason], lambda it: {"assessment-results": it})
    assert any(reason in line for line in found) if reason else found == []


@pytest.mark.parametrize(
    "text, reason",
    [
        ('a,b\r\n1,"2,3"\r\n', ""),
        ("a,b\n1,2\n", "RFC 4180"),
        ("a,b\r\n1\r\n", "not as many"),
        ("a,b\r\n1,2,3\r\n", "not as many"),
        ("a,b\r\n1,=2\r\n", "=2"),
        ("a,b\r\n1,x; @2\r\n", "@2"),
    ],
)
def test_csv(tmp_path, text, reason):
    path = tmp_path / "file"
    path.write_bytes(text.encode())
    found = table.problems(path)
    assert any(reason in line for line in found) if reason else found == []


@pytest.mark.parametrize(
    "text, reason",
    [
        ("## a `@b https://c`\n\n- **x** \\<b> @<!-- -->d\n", ""),
        ("<img src=x>", "tag img"),
        ("a <u>b</u>", "tag u"),
        ("[a](https://b)", "tag a"),
        ("see https://evil.example now", "tag a"),
        ("ask \\@team", "acts"),
        ("like \\#12", "acts"),
        ("![x](y)", "tag img"),
        ("x" * 70_000, "bytes"),
    ],
)
def test_markdown(tmp_path, text, reason):
    path = tmp_path / "file"
    path.write_text(text)
    found = markdown.problems(path)
    assert any(reason in line for line in found) if reason else found == []


@pytest.mark.parametrize(
    "body, reason",
    [
        ("<p>x", ""),
        ("<a href='https://docs.aws.amazon.com/x'>x</a><a href='#y'>y</a>", ""),
        ("<p>x</b>", "end-tag"),
        ("<img src='https://evil.example/x'>", "img src"),
        ("<a href='javascript:alert(1)'>x</a>", "a href"),
        ("<p onclick='x()'>x", "handler"),
        ("<script>1</script><script>2</script>", "more than one script"),
    ],
)
def test_html(tmp_path, body, reason):
    path = tmp_path / "file"
    path.write_text(f"<!DOCTYPE html><html><head><title>t</title></head><body>{body}</body></html>")
    found = page.problems(path)
    assert any(reason in line for line in found) if reason else found == []
