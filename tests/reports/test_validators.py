"""The validators accept a good file and refuse what the consumers refuse: one that takes all proves nothing."""

import copy
import json

import pytest

from harness import junit, sarif

REGION = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}
RULE = {
    "id": "trail-is-logging",
    "name": "TrailIsLogging",
    "shortDescription": {"text": "The trail is logging."},
    "fullDescription": {"text": "A trail that is configured but stopped records nothing."},
    "help": {"text": "Start logging.", "markdown": "Start logging."},
    "helpUri": "https://example.com/trail-is-logging",
    "properties": {"security-severity": "9.5", "tags": ["security"]},
}
RESULT = {
    "ruleId": "trail-is-logging",
    "ruleIndex": 0,
    "level": "error",
    "message": {"text": "The trail org-trail is stopped."},
    "locations": [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "aws/123456789012/us-east-1/cloudtrail/org-trail"},
                "region": REGION,
            },
            "logicalLocations": [{"fullyQualifiedName": "arn:aws:cloudtrail:us-east-1:123456789012:trail/t"}],
        }
    ],
    "partialFingerprints": {"primaryLocationLineHash": "a" * 64},
}
GOOD = {
    "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
    "version": "2.1.0",
    "runs": [
        {
            "tool": {"driver": {"name": "trailaudit", "version": "0.1.0", "rules": [RULE]}},
            "automationDetails": {"id": "trailaudit/o-abc/123/2026"},
            "columnKind": "utf16CodeUnits",
            "invocations": [{"executionSuccessful": True}],
            "results": [RESULT],
        }
    ],
}


def judged(tmp_path, change=lambda log, run, result, place: None) -> list[str]:
    log = copy.deepcopy(GOOD)
    result = log["runs"][0]["results"][0]
    change(log, log["runs"][0], result, result["locations"][0]["physicalLocation"])
    path = tmp_path / "sample.sarif"
    path.write_text(json.dumps(log))
    return sarif.problems(path)


def test_a_good_file_has_no_problem(tmp_path):
    assert judged(tmp_path) == []


BAD_SARIF = {
    "schema": lambda log, run, result, place: log.update(version="2.0.0"),
    "GH1005": lambda log, run, result, place: place["artifactLocation"].update(uri="arn:aws:s3:::logs"),
    "exit code": lambda log, run, result, place: result["locations"][0].pop("physicalLocation"),
    "GH1003": lambda log, run, result, place: place.pop("region"),
    "uri 'aws/a b'": lambda log, run, result, place: place["artifactLocation"].update(uri="aws/a b"),
    "open alert": lambda log, run, result, place: result.update(kind="pass", level="none"),
    "more than 10 tags": lambda log, run, result, place: run["tool"]["driver"]["rules"][0][
        "properties"
    ].update(tags=list("abcdefghijk")),
    "same fingerprint": lambda log, run, result, place: run["results"].append(result),
    "2 runs": lambda log, run, result, place: log["runs"].append(run),
    "has 0 characters": lambda log, run, result, place: run["tool"]["driver"]["rules"][0]["help"].update(
        text=""
    ),
    "no primaryLocationLineHash": lambda log, run, result, place: result.update(
        partialFingerprints={"x": "y"}
    ),
}


@pytest.mark.parametrize("reason", BAD_SARIF)
def test_a_bad_sarif_file_is_refused(tmp_path, reason):
    found = judged(tmp_path, BAD_SARIF[reason])
    assert any(reason in line for line in found), found


SUITE = """<testsuites><testsuite name="123456789012 app / us-east-1" tests="2" failures="1" errors="0" time="0.001">
<testcase name="a" classname="aws" time="0"/>{more}
<testcase name="b" classname="aws" time="0"><failure type="high" message="m">text</failure></testcase>
</testsuite></testsuites>"""


def test_a_good_junit_file_is_counted(tmp_path):
    path = tmp_path / "good.xml"
    path.write_text(SUITE.format(more=""))
    assert junit.problems(path) == []
    assert junit.totals(path) == {"passed": 1, "failure": 1, "error": 0, "skipped": 0}
    assert junit.said(path) == {"tests": 2, "failures": 1, "errors": 0}


@pytest.mark.parametrize(
    "old, new, reason",
    [
        ('classname="aws" time="0"/>', 'classname="aws" file="f"/>', "file"),
        ('time="0.001"', 'time="0.123456"', "pattern"),
        ('name="b"', 'name="a"', "2 cases named"),
    ],
)
def test_a_bad_junit_file_is_refused(tmp_path, old, new, reason):
    path = tmp_path / "bad.xml"
    path.write_text(SUITE.format(more="").replace(old, new))
    assert any(reason in line for line in junit.problems(path)), junit.problems(path)


@pytest.mark.parametrize("text", ["a ]]> b", "\x1b[31m", "\x00"])
def test_a_junit_file_that_is_not_well_formed_is_refused(tmp_path, text):
    path = tmp_path / "broken.xml"
    path.write_text(
        SUITE.format(more=f"<testcase name='c' classname='aws'><failure>{text}</failure></testcase>")
    )
    with pytest.raises(Exception, match="not well-formed|invalid token"):
        junit.problems(path)
