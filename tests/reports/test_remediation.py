"""Every command of a remediation runs as it stands: judged by the AWS CLI's own tables, not by ours."""

import pytest

from harness import commands, tool


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    folder = tmp_path_factory.mktemp("remediation")
    return tool.run(folder, "scan", "--demo", "-f", "json=audit.json").ended(1).json()


def texts(value) -> list[str]:
    """Every text with a command in it, wherever it stands."""
    if isinstance(value, str):
        return [value] if commands.commands(value) else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for it in inner for text in texts(it)]


def test_the_commands_of_every_check(audit):
    fixes = {check["id"]: check["fix"] for check in audit["checks"]}
    assert all(fixes.values())
    assert sum(len(commands.commands(fix)) for fix in fixes.values()) > 100
    problems = {check: found for check, fix in fixes.items() if (found := commands.problems_of(fix))}
    assert problems == {}


def test_commands_with_the_names_of_findings(audit):
    filled = [text for text in texts({**audit, "checks": []})]
    assert any("arn:aws:cloudtrail:" in command for text in filled for command in commands.commands(text))
    assert [problem for text in filled for problem in commands.problems_of(text)] == []


@pytest.mark.parametrize(
    "good",
    [
        "`aws cloudtrail update-trail --name TRAIL --is-multi-region-trail --region REGION`",
        "`aws cloudtrail update-trail --name TRAIL --no-include-global-service-events --region REGION`",
        "`aws configservice start-configuration-recorder --configuration-recorder-name NAME --region REGION`",
        "`aws s3 mv s3://BUCKET/PREFIX s3://OTHER/PREFIX --recursive`",
        "`aws logs put-bearer-token-authentication --log-group-identifier GROUP "
        "--no-bearer-token-authentication-enabled --region REGION`",
        "`aws iam enable-organizations-root-sessions`",
        "`aws s3api put-object-retention --bucket BUCKET --key KEY --retention 'Mode=COMPLIANCE,RetainUntilDate=DATE'`",
        "PutBucketPolicy, `BUCKET/*`, `is_multi_region_trail = true` of `aws_cloudtrail`, `aws:SourceArn`",
    ],
)
def test_accepts(good):
    assert commands.problems_of(good) == []


@pytest.mark.parametrize(
    "broken, problem",
    [
        ("`aws cloudtrail update-trail --is-multi-region-trail --region REGION`", "--name is required"),
        ("`aws cloudtrail start-logging --name TRAIL`", "--region is required"),
        ("`aws cloudtrail start-logging --name --region REGION`", "--name has no value"),
        ("`aws cloudtrail start-logging TRAIL --region REGION`", "an argument without a parameter: TRAIL"),
        ("`aws cloudtrail begin-logging --name TRAIL --region REGION`", "no operation begin-logging of cloudtrail"),
        ("`aws config start-configuration-recorder --region REGION`", "no service config"),
        ("`aws kms enable-key --key-id KEY --regions REGION`", "no parameter --regions"),
        ("`aws s3api put-bucket-policy`", "--bucket is required"),
        ("`aws s3 mv --recursive`", "paths is required"),
        ("`aws organizations`", "no service and operation"),
        ("`put-object-lock-configuration`", "half a command"),
        ("`update-trail --enable-log-file-validation`", "half a command"),
        ("`aws s3api put-object-lock- configuration --bucket BUCKET`", "a broken word"),
        ("`aws cloudtrail start-logging --name 'TRAIL --region REGION`", "No closing quotation"),
        ("`aws cloudtrail start-logging --name TRAIL", "backticks do not pair"),
    ],
)
def test_refuses(broken, problem):
    assert any(found.startswith(problem) for found in commands.problems_of(broken))
