"""The names of key events are calls that AWS has: judged by botocore's service models, not by our table."""

import re
from functools import cache

import botocore.session

from harness import tool

TABLE = tool.TARGET.parent / "checks/src/catalog/event"

# What no service model has, and where CloudTrail documents or shows it.
NO_CALLS = {
    # Sign-in events: "AWS Management Console sign-in events", CloudTrail user guide.
    ("signin.amazonaws.com", "ConsoleLogin"),
    ("signin.amazonaws.com", "CheckMfa"),
    ("signin.amazonaws.com", "GetSigninToken"),
    ("signin.amazonaws.com", "EmailUpdated"),
    ("signin.amazonaws.com", "PasswordUpdated"),
    ("signin.amazonaws.com", "PasswordRecoveryRequested"),
    ("signin.amazonaws.com", "PasswordRecoveryCompleted"),
    # IAM Identity Center: "CloudTrail use cases for IAM Identity Center", its user guide; made by its console.
    ("sso.amazonaws.com", "AssociateDirectory"),
    ("sso.amazonaws.com", "DisassociateDirectory"),
    ("sso-directory.amazonaws.com", "EnableExternalIdPConfigurationForDirectory"),
    ("sso-directory.amazonaws.com", "DisableExternalIdPConfigurationForDirectory"),
    # S3 writes these names for calls of other names: "Amazon S3 CloudTrail events", its user guide.
    ("s3.amazonaws.com", "DeleteBucketPublicAccessBlock"),
    ("s3.amazonaws.com", "PutBucketPublicAccessBlock"),
    ("s3.amazonaws.com", "PutBucketObjectLockConfiguration"),
    ("s3.amazonaws.com", "DeleteAccountPublicAccessBlock"),
    ("s3.amazonaws.com", "PutAccountPublicAccessBlock"),
    ("s3.amazonaws.com", "GetBucketPublicAccessBlock"),
    # Model access in the console of Amazon Bedrock: "Access Amazon Bedrock foundation models", its user guide.
    ("bedrock.amazonaws.com", "PutFoundationModelEntitlement"),
}


def entries() -> list[tuple[str, list[str], list[str]]]:
    """Id, sources and names of each entry of the table."""
    found = []
    for file in sorted(TABLE.glob("*.rs")):
        for key in re.findall(r"\n    Event \{(.*?)grade:", file.read_text("utf-8"), re.S):
            part = {name: re.search(rf"{name}: &\[(.*?)\]", key, re.S) for name in ("sources", "names")}
            texts = {name: re.findall(r'"([^"]+)"', it.group(1)) for name, it in part.items()}
            found.append((re.search(r'id: "([^"]+)"', key).group(1), texts["sources"], texts["names"]))
    return found


@cache
def calls() -> dict[str, set[str]]:
    """The calls of each event source."""
    session = botocore.session.get_session()
    by_source: dict[str, set[str]] = {}
    for service in session.get_available_services():
        model = session.get_service_model(service)
        names = {model.endpoint_prefix, model.signing_name, service}
        for name in names:
            by_source.setdefault(f"{name}.amazonaws.com", set()).update(model.operation_names)
    return by_source


def test_each_name_is_a_call_of_its_service():
    all_entries = entries()
    assert len(all_entries) == 63
    unknown = []
    for id, sources, names in all_entries:
        for name in names:
            known = any(name in calls().get(source, ()) or (source, name) in NO_CALLS for source in sources)
            if not known:
                unknown.append((id, sources, name))
    assert unknown == []


def test_no_exception_is_left_over():
    used = {(source, name) for _, sources, names in entries() for source in sources for name in names}
    assert {it for it in NO_CALLS if it not in used or it[1] in calls().get(it[0], ())} == set()
