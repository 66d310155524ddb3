#!/usr/bin/env python3
"""Whatever is said of a plan is true after it is applied: pass stays pass, and fail stays fail.

For each change of the configuration: apply it as it was (to the emulator) and collect, plan the change, evaluate the plan by
itself and onto what was collected, apply it, scan, and compare. `honest.py [BINARY] [NAME..]`; runs in `target/venv`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from emulator.server import Emulator  # noqa: E402
from plan.terraform import ROOT, Terraform  # noqa: E402

CONFIG = ROOT / "checks/tests/terraform/plans/source"
like = re.compile
MAIN, LOGS = "main.tf", "modules/log-bucket/main.tf"
STATEMENT = """
  statement {{
    sid       = "added"
    effect    = "{effect}"
    actions   = ["{action}"]
    resources = [aws_s3_bucket.this.arn, "${{aws_s3_bucket.this.arn}}/*"]
    principals {{
      type        = "AWS"
      identifiers = ["{principal}"]
    }}
    {condition}
  }}
}}
resource "aws_s3_bucket_policy" "this" {{"""
POLICY = '\n}\nresource "aws_s3_bucket_policy" "this" {'
TLS = 'condition {\n      test = "Bool"\n      variable = "aws:SecureTransport"\n      values = ["false"]\n    }'


def statement(effect: str, action: str, principal: str, condition: str = "") -> list:
    return [(LOGS, POLICY, "\n" + STATEMENT.format(effect=effect, action=action, principal=principal, condition=condition))]


def trail(line: str) -> list:
    return [(MAIN, like(r"name( +)= each.key"), f"name = each.key\n  {line}")]


# Each changes one thing: the file, what is replaced, and by what.
CHANGES: dict[str, list] = {
    "nothing": [],
    "validation-off": [(MAIN, "validation = true }", "validation = false }")],
    "one-region": [(MAIN, "multi_region = true,", "multi_region = false,")],
    "logging-off": trail("enable_logging = false"),
    "no-global-events": trail("include_global_service_events = false"),
    "write-only": trail('event_selector {\n    read_write_type = "WriteOnly"\n    include_management_events = true\n  }'),
    "data-events": trail(
        'event_selector {\n    read_write_type = "All"\n    include_management_events = true\n    data_resource {\n'
        '      type = "AWS::S3::Object"\n      values = ["arn:aws:s3"]\n    }\n  }'
    ),
    "no-key": [(MAIN, like(r"\n +kms_key_id +=.*"), "")],
    "no-log-group": [(MAIN, like(r"\n +cloud_watch_logs_(group|role)_arn +=.*"), "")],
    "other-topic": trail("sns_topic_name = aws_sns_topic.alarms.name"),
    "no-trail": [(MAIN, '"with_trail" {\n  type    = bool\n  default = true', '"with_trail" {\n  default = false')],
    "no-versioning": [(LOGS, "versioning { enabled = true }", "versioning { enabled = false }")],
    "public-block-off": [(MAIN, '"public_block" {\n  type    = bool\n  default = true', '"public_block" {\n  default = false')],
    "public-block-partly": [(LOGS, "ignore_public_acls      = true", "ignore_public_acls      = false")],
    "expires-soon": [(LOGS, "versioning {", "lifecycle_rule {\n    enabled = true\n    expiration { days = 30 }\n  }\n  versioning {")],
    "archives": [
        (
            LOGS,
            "versioning {",
            'lifecycle_rule {\n    enabled = true\n    transition {\n      days = 90\n      storage_class = "GLACIER"\n    }\n  }\n'
            "  versioning {",
        )
    ],
    "public-acl": [(LOGS, "bucket = var.name", 'bucket = var.name\n  acl = "public-read"')],
    "other-bucket": [(MAIN, 'default = "acme-logs"', 'default = "acme-logs-2"')],
    "denies-plain-http": statement("Deny", "s3:*", "*", TLS),
    "denies-plain-http-of-some": statement("Deny", "s3:GetObject", "*", TLS),
    "denies-delete": statement("Deny", "s3:DeleteObject*", "*"),
    "open-to-all": statement("Allow", "s3:GetObject", "*"),
    "open-to-another": statement("Allow", "s3:GetObject", "999999999999"),
    "no-write-statement": [(LOGS, like(r's3:PutObject"\]'), 's3:PutObjectTagging"]')],
    "rotation-off": [(MAIN, "enable_key_rotation = true", "enable_key_rotation = false")],
    "key-off": [(MAIN, "enable_key_rotation = true", "enable_key_rotation = true\n  is_enabled = false")],
    "key-open": [(MAIN, like(r'Principal = \{ Service = "cloudtrail.amazonaws.com" \}, Action = \["kms'), 'Principal = "*", Action = ["kms')],
    "group-kept-shortly": [(MAIN, "retention_in_days = 365", "retention_in_days = 30")],
    "weak-filter": [(MAIN, like(r"\(\$.eventName = StopLogging\) \|\| "), "")],
    "silent-alarm": [(MAIN, like(r"alarm_actions +="), "actions_enabled = false\n  alarm_actions =")],
    "high-threshold": [(MAIN, like(r"threshold +=.*"), "threshold = 5")],
    "no-alarm": [(MAIN, like(r'resource "aws_cloudwatch_metric_alarm" "a" \{[^}]*\}'), "")],
    "subscription": [
        (MAIN, like(r'resource "aws_sns_topic" "alarms" \{ name = "alarms" \}'),
         'resource "aws_sns_topic" "alarms" { name = "alarms" }\nresource "aws_sns_topic_subscription" "s" {\n  '
         'topic_arn = aws_sns_topic.alarms.arn\n  protocol = "sqs"\n  endpoint = "arn:aws:sqs:us-east-1:123456789012:q"\n}'),
    ],
    "role-cannot-write": [(MAIN, like(r'"logs:CreateLogStream", "logs:PutLogEvents"'), '"logs:CreateLogStream"')],
    "administrator": [
        (MAIN, like(r"\n\Z"),
         '\nresource "aws_iam_user" "boss" { name = "boss" }\nresource "aws_iam_user_policy" "boss" {\n  user = aws_iam_user.boss.name\n'
         '  name = "all"\n  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", '
         'Resource = "*" }] })\n}\n'),
    ],
}


# The emulator makes buckets as AWS did before April 2023, when "S3 disables ACLs on new buckets by default" began.
OLD_DEFAULTS = {"bucket-acl-disabled"}


class Case:
    """One change, in a folder of its own."""

    def __init__(self, binary: str, emulator: Emulator, folder: Path):
        self.binary, self.emulator, self.folder = binary, emulator, folder
        shutil.copytree(CONFIG, folder, dirs_exist_ok=True)
        self.terraform = Terraform(folder, emulator.url)

    def audit(self, *arguments: str) -> dict:
        env = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.emulator.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "x",
        }
        done = subprocess.run(
            [self.binary, *arguments], env=env, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode not in (0, 1, 3):
            raise RuntimeError(f"{arguments}: {done.returncode} {done.stderr[-2000:]}")
        return json.loads(done.stdout) if done.stdout.startswith("{") else {}

    def change(self, changes: list) -> None:
        for name, old, new in changes:
            path = self.folder / name
            text = path.read_text()
            pattern = old if isinstance(old, re.Pattern) else re.compile(re.escape(old))
            changed = pattern.sub(lambda _, new=new: new, text)
            if changed == text:
                raise RuntimeError(f"{old!r} changes nothing in {name}")
            path.write_text(changed)


def verdicts(audit: dict, names: dict[str, str]) -> dict[tuple[str, str], str]:
    """Status by check and address; what has no address goes by its id."""
    found = {}
    for finding in audit["findings"]:
        subject = finding["subject"]["id"]
        found[(finding["check"], names.get(subject, subject))] = finding["status"]
    return found


def contradictions(said: dict, true: dict) -> list[str]:
    """What was said and is not so."""
    wrong = []
    for key, status in said.items():
        later = true.get(key)
        if {status, later} == {"pass", "fail"} and key[0] not in OLD_DEFAULTS:
            wrong.append(f"{key[0]} {key[1]}: {status} was said, {later} is true")
    return sorted(wrong)


def run(name: str, changes: list, binary: str, emulator: Emulator, folder: Path) -> dict:
    emulator.reset()
    case = Case(binary, emulator, folder)
    case.terraform.init()
    results = {}
    created = case.terraform.plan("create")
    case.terraform.apply("create")
    if not changes:
        # The plan that creates everything, by itself.
        alone = case.audit("plan", str(created), "--source", ".", "-q", "-f", "json")
        bare = case.audit("plan", str(created), "-q", "-f", "json")
    case.audit("collect", "-q", "-o", "live.jsonl.zst")
    names = case.terraform.addresses()
    if changes:
        case.change(changes)
        plan = case.terraform.plan("change")
        if kept := os.environ.get("TRAILAUDIT_PLANS"):
            shutil.copy(plan, Path(kept) / f"{name}.json")
        alone = case.audit("plan", str(plan), "--source", ".", "--full", "-q", "-f", "json")
        bare = case.audit("plan", str(plan), "--full", "-q", "-f", "json")
    else:
        plan = case.terraform.plan("change")
    onto = case.audit("plan", str(plan), "--source", ".", "--onto", "live.jsonl.zst", "-q", "-f", "json")
    case.terraform.apply("change")
    names |= case.terraform.addresses()
    after = verdicts(case.audit("scan", "-q", "-f", "json"), names)
    for kind, audit in [("alone", alone), ("without source", bare), ("onto", onto)]:
        said = verdicts(audit, {**names, **audit["plan"]["addresses"]})
        said = {key: it for key, it in said.items() if not key[0].startswith("plan-")}
        decided = [it for key, it in said.items() if it in ("pass", "fail") and key in after]
        open_ = [key for key, it in said.items() if it == "unknown" and after.get(key) in ("pass", "fail")]
        results[kind] = {"decided": len(decided), "open": len(open_), "wrong": contradictions(said, after), "unknown": open_}
    return results


def main() -> None:
    arguments = sys.argv[1:]
    binary = str(Path(arguments.pop(0) if arguments and "/" in arguments[0] else ROOT / "target/release/trailaudit").resolve())
    chosen = {name: it for name, it in CHANGES.items() if not arguments or name in arguments}
    totals: dict[str, list[int]] = {}
    wrong = 0
    with Emulator() as emulator, tempfile.TemporaryDirectory() as root:
        for name, changes in chosen.items():
            begin = time.monotonic()
            results = run(name, changes, binary, emulator, Path(root) / name)
            for kind, it in results.items():
                sums = totals.setdefault(kind, [0, 0, 0])
                for at, count in enumerate([it["decided"], it["open"], len(it["wrong"])]):
                    sums[at] += count
                wrong += len(it["wrong"])
                for line in it["wrong"]:
                    print(f"{name}, {kind}: {line}", flush=True)
            counts = ", ".join(f"{kind} {it['decided']} decided {it['open']} open" for kind, it in results.items())
            print(f"{name}: {counts} ({time.monotonic() - begin:.0f} s)", flush=True)
    for kind, (decided, open_, contradicted) in totals.items():
        print(f"{kind}: {decided} verdicts borne out or gone, {contradicted} contradicted, {open_} left open that a scan decides")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
