"""The policy documents of the seeded organization: those that AWS's documentation recommends."""

import json


def document(*statements: dict) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def log_bucket(name: str, trail: str, source: dict | None = None, tls: bool = True) -> str:
    """CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail", and a Deny on plain HTTP.
    `source` replaces the conditions that bind CloudTrail to the real trail."""
    bucket = f"arn:aws:s3:::{name}"
    bound = {"StringEquals": {"aws:SourceArn": trail}} if source is None else source
    written = {
        **bound,
        "StringEquals": {**bound.get("StringEquals", {}), "s3:x-amz-acl": "bucket-owner-full-control"},
    }
    service = {"Service": "cloudtrail.amazonaws.com"}
    statements = [
        {
            "Sid": "Check",
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:GetBucketAcl",
            "Resource": bucket,
            **({"Condition": bound} if bound else {}),
        },
        {
            "Sid": "Write",
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:PutObject",
            "Resource": f"{bucket}/AWSLogs/*",
            "Condition": written,
        },
    ]
    if tls:
        statements.append(tls_only(bucket, f"{bucket}/*"))
    return json.dumps(document(*statements))


def tls_only(*resources: str) -> dict:
    return {
        "Sid": "Tls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def access_logs(name: str) -> str:
    """S3 User Guide, "Permissions for log delivery"."""
    return json.dumps(
        document(
            {
                "Effect": "Allow",
                "Principal": {"Service": "logging.s3.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"arn:aws:s3:::{name}/*",
            }
        )
    )


def trail_key(account: str, trail: str, bound: bool = True) -> str:
    """CloudTrail User Guide, "Configure AWS KMS key policies". Without `bound`, any trail may use it."""
    service = {"Service": "cloudtrail.amazonaws.com"}
    source = {"aws:SourceArn": trail} if bound else {}
    context = {"kms:EncryptionContext:aws:cloudtrail:arn": trail} if bound else {}
    encrypt = {
        "Sid": "Encrypt",
        "Effect": "Allow",
        "Principal": service,
        "Action": "kms:GenerateDataKey*",
        "Resource": "*",
    }
    describe = {**encrypt, "Sid": "Describe", "Action": "kms:DescribeKey"}
    if bound:
        encrypt["Condition"] = {"StringEquals": source, "StringLike": context}
        describe["Condition"] = {"StringEquals": source}
    owner = {
        "Sid": "Owner",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps(document(owner, encrypt, describe))


def region_deny(region: str) -> str:
    """In the manner of Control Tower's region deny: everything but the global services."""
    return json.dumps(
        document(
            {
                "Sid": "RegionDeny",
                "Effect": "Deny",
                "NotAction": ["iam:*", "organizations:*", "sts:*", "account:*", "support:*"],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:RequestedRegion": region}},
            }
        )
    )
