#!/usr/bin/env python3
"""Measures `trailaudit plan` on a generated plan of many resources in many regions: `plan.py [BINARY] [RESOURCES]`."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REGIONS = [f"eu-test-{number}" for number in range(1, 18)]


def resource(kind: str, name: str, key: str, region: str, values: dict, unknown: dict) -> dict:
    return {
        "address": f'{kind}.{name}["{key}"]',
        "mode": "managed",
        "type": kind,
        "name": name,
        "index": key,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": ["create"],
            "before": None,
            "after": {**values, "region": region},
            "after_unknown": unknown,
            "after_sensitive": {},
        },
    }


def plan(count: int) -> dict:
    """A trail with its bucket, and in each region groups, filters, alarms and topics: like a secure baseline."""
    changes = [
        resource("aws_s3_bucket", "logs", "0", REGIONS[0], {"bucket": "logs"}, {"arn": True, "id": True}),
        resource(
            "aws_cloudtrail", "main", "0", REGIONS[0], {"name": "main", "s3_bucket_name": "logs"}, {"kms_key_id": True}
        ),
    ]
    kinds = {
        "aws_cloudwatch_log_group": {"name": "group"},
        "aws_cloudwatch_log_metric_filter": {"name": "f", "log_group_name": "group", "pattern": "{ $.a = 1 }"},
        "aws_cloudwatch_metric_alarm": {"alarm_name": "alarm", "metric_name": "m", "namespace": "n"},
        "aws_sns_topic": {"name": "topic"},
        "aws_kms_key": {"enable_key_rotation": True},
    }
    number = 0
    while len(changes) < count:
        kind, values = list(kinds.items())[number % len(kinds)]
        region = REGIONS[number // len(kinds) % len(REGIONS)]
        changes.append(resource(kind, "it", str(number), region, values, {"arn": True, "id": True}))
        number += 1
    return {"format_version": "1.2", "terraform_version": "1.15.5", "resource_changes": changes}


def main() -> None:
    binary = sys.argv[1] if len(sys.argv) > 1 else "target/release/trailaudit"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 355
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_text(json.dumps(plan(count)))
        begin = time.monotonic()
        done = subprocess.run([binary, "plan", path, "-q", "-f", "json"], capture_output=True, check=False)
        took = time.monotonic() - begin
        findings = len(json.loads(done.stdout)["findings"])
        print(f"{count} resources, {path.stat().st_size} bytes: {took:.2f} s, {findings} findings, exit {done.returncode}")


if __name__ == "__main__":
    main()
