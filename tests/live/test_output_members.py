"""Every member of every answer is read, or somebody decided that it is not, and said why.

The members come from botocore's models of the services, whose version is pinned by the requirements; the calls from
the published schema of the inventory, which is made from the one table of calls.
"""

import json
import os
import re
import tomllib
from functools import cache
from pathlib import Path

import botocore
import pytest
from botocore.session import get_session

ROOT = Path(__file__).parents[2]
DECIDED = tomllib.loads((ROOT / "tests/data/output-members.toml").read_text())
VERSION = DECIDED.pop("botocore")
LACKS = DECIDED.pop("lacks", {})
# botocore's names of services, where they are not those of IAM.
SERVICES = {"access-analyzer": "accessanalyzer"}
# Where the answers of a service are read.
SOURCES = {
    "access-analyzer": ["collect/watchers.rs"],
    "account": ["collect/regions.rs"],
    "cloudtrail": ["collect/cloudtrail.rs", "collect/lookup.rs", "collect/public_keys.rs", "collect/stores.rs"],
    "cloudwatch": ["collect/monitoring.rs"],
    "config": ["collect/watchers.rs"],
    "events": ["collect/monitoring.rs"],
    "guardduty": ["collect/watchers.rs"],
    "iam": ["collect/iam.rs"],
    "kms": ["collect/kms.rs"],
    "logs": ["collect/logs.rs", "collect/monitoring.rs"],
    "macie2": ["collect/watchers.rs"],
    "organizations": ["collect/organization/*.rs", "collect/scope.rs"],
    "s3": ["collect/*.rs", "collect/s3/*.rs", "verify/**/*.rs"],
    "s3control": ["collect/s3control.rs"],
    "securityhub": ["collect/watchers.rs"],
    "sns": ["collect/monitoring.rs"],
    "sts": ["collect/scope.rs", "collect/session.rs"],
}


def calls() -> list[str]:
    schema = json.loads((ROOT / "docs/schemas/inventory.schema.json").read_text())
    return sorted(schema["$defs"]["ApiCall"]["enum"])


@cache
def model(service: str):
    return get_session().get_service_model(service)


@cache
def members(call: str) -> frozenset[str]:
    """The leaves of the answer: `A.B` within a structure, `A[]` of a list, `A{}` of a map."""

    def leaves(shape, path, within):
        if shape.type_name == "list":
            yield from leaves(shape.member, path + "[]", within)
        elif shape.type_name == "map":
            yield path + "{}"
        elif shape.type_name == "structure" and shape.members:
            # One that holds itself is decided on once.
            if shape.name in within:
                yield path + ".*"
                return
            for name, member in shape.members.items():
                yield from leaves(member, f"{path}.{name}".lstrip("."), within | {shape.name})
        else:
            yield path

    service, operation = call.split(":")
    output = model(SERVICES.get(service, service)).operation_model(operation).output_shape
    return frozenset(leaves(output, "", frozenset())) if output else frozenset()


def decided(call: str) -> list[str]:
    lists = DECIDED.get(call, {})
    rest = [entry for kind in ("irrelevant", "open") for entry in lists.get(kind, [])]
    return lists.get("read", []) + [member for entry in rest for member in entry["members"]]


def last(member: str) -> str:
    return re.sub(r"[\[\]{}*.]+$", "", member).split(".")[-1].rstrip("[]{}")


def snake(name: str) -> str:
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def test_the_models_are_those_that_were_decided_on():
    assert botocore.__version__ == VERSION, "look at what the new models have, then renew the version in the list"


def test_no_call_is_left_out_and_none_is_made_up():
    assert sorted(DECIDED) == calls()


@pytest.mark.parametrize("call", calls())
def test_every_member_is_decided_on_once(call):
    wanted, given = members(call), decided(call)
    assert len(given) == len(set(given)), f"twice: {sorted(m for m in set(given) if given.count(m) > 1)}"
    assert wanted - set(given) == set(), "new in the answer: read it, or say in output-members.toml why not"
    assert set(given) - wanted == set(), "no longer in the answer"


@pytest.mark.parametrize("call", calls())
def test_every_omission_has_its_reason(call):
    lists = DECIDED[call]
    assert set(lists) <= {"read", "irrelevant", "open"}
    for entry in lists.get("irrelevant", []) + lists.get("open", []):
        assert len(entry["why"].split()) >= 2, entry


@pytest.mark.parametrize("call", calls())
def test_what_is_said_to_be_read_occurs_where_it_would_be(call):
    """No proof, but a list that says `read` of what no collector names is wrong."""
    files = [file for pattern in SOURCES[call.split(":")[0]] for file in (ROOT / "src").glob(pattern)]
    text = "\n".join(file.read_text() for file in files)
    for member in DECIDED[call]["read"]:
        name = last(member)
        # The list in GuardDuty's answer begins with a small letter on the wire.
        names = {snake(name), name, name[:1].lower() + name[1:]}
        # A paged listing, a structure that is read whole, and the body itself are read by other names.
        assert any(re.search(rf"\b{re.escape(it)}\b", text) for it in names) or name in ("Body", "NextToken"), member


def crate(service: str) -> Path | None:
    """The source of the SDK's crate, where cargo has unpacked it."""
    name = {"events": "eventbridge", "logs": "cloudwatchlogs"}.get(service, service)
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    versions = [it["version"] for it in lock["package"] if it["name"] == f"aws-sdk-{name}"]
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    found = [p for v in versions for p in home.glob(f"registry/src/*/aws-sdk-{name}-{v}/src")]
    return found[0] if found else None


def lacking(call: str, source: Path) -> list[str]:
    """The members that the crate's structures do not have, each by the first part of its path that is not there."""

    def fields(*files: Path) -> set[str] | None:
        texts = [file.read_text() for file in files if file.exists()]
        found = re.findall(r"^\s+pub (?:\(crate\) )?(?:r#)?([a-z0-9_]+):", "\n".join(texts), re.M)
        # A union is an enum there, its members are variants.
        found += re.findall(r"^    ([A-Z]\w+)\(", "\n".join(texts), re.M)
        return {field.replace("_", "").lower() for field in found} if texts else None

    def walk(shape, path, within, files):
        if shape.type_name == "list":
            yield from walk(shape.member, path + "[]", within, None)
        elif shape.type_name == "structure" and shape.members and shape.name not in within:
            here = [source / f"types/_{snake(shape.name)}.rs"] if files is None else files
            known = fields(*here)
            for name, member in shape.members.items():
                below = f"{path}.{name}".lstrip(".")
                # An error's or an empty structure's field may be called otherwise: by its name, without underscores.
                if known is not None and name.lower() not in known:
                    yield below
                elif known is not None:
                    yield from walk(member, below, within | {shape.name}, None)

    service, operation = call.split(":")
    output = model(SERVICES.get(service, service)).operation_model(operation).output_shape
    name = snake(operation)
    return sorted(walk(output, "", frozenset(), [source / f"operation/{name}/_{name}_output.rs"]))


@pytest.mark.parametrize("service", sorted({call.split(":")[0] for call in calls()}))
def test_what_the_rust_crate_lacks_is_listed(service):
    """Such a member cannot be read, and a rule or an alarm that has it looks as if it had not."""
    source = crate(service)
    if source is None:
        pytest.skip("asked by small requests of our own, or cargo has not unpacked the crate")
    own = [call for call in calls() if call.startswith(service + ":")]
    found = {call: of for call in own if (of := lacking(call, source))}
    assert found == {call: sorted(of) for call, of in LACKS.items() if call in own}
