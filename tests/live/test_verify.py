"""`verify s3://BUCKET` against the emulator's S3: what it finds, asks, and makes of what it is refused."""

from collections import Counter

import pytest

from emulator.organization import SESSION
from emulator.proxy import CUT, SERVER_ERROR, THROTTLE, Proxy
from harness import tool, tree

KEY = {"aws_access_key_id": "AKIAMANAGEMENT", "aws_secret_access_key": "x"}


@pytest.fixture
def s3(emulator):
    emulator.reset()
    return SESSION.client("s3", region_name="us-east-1", endpoint_url=emulator.url, **KEY)


@pytest.fixture
def verify(emulator, tmp_path):
    def go(*arguments, url=emulator.url, until=tree.END) -> tool.Run:
        emulator.log.clear()
        times = ["--until", until, "--now", tree.NOW]
        words = ["verify", "s3://logs", *times, "-f", "json=audit.json", *arguments]
        return tool.run(tmp_path, *words, **tool.credentials(url))

    return go


def kinds(audit) -> dict:
    return dict(Counter(it["kind"] for it in audit["problems"]))


def statuses(audit) -> dict:
    return {it["check"].removeprefix("delivery-"): it["status"] for it in audit["findings"]}


def test_clean(s3, verify, emulator, tmp_path):
    made = tree.make(tmp_path)
    made.upload(s3)
    audit = verify().ended(0).json()
    (chain,) = audit["chains"]
    assert chain["verdict"] == "verified" and kinds(audit) == {}
    assert (chain["digests"]["valid"], chain["logs"]["valid"]) == (6, 12)
    counts = emulator.counts()
    assert counts["s3:GetObject"] == 18 and counts["cloudtrail:ListPublicKeys"] == 1
    assert audit["coverage"]["calls"]["by_operation"] == counts


def test_two_accounts_two_regions_and_a_prefix(s3, verify, tmp_path):
    spec = {"accounts": ["111122223333", "444455556666"], "regions": ["eu-west-1", "us-east-1"]}
    tree.make(tmp_path, prefix="o-abc", organization="o-abc", trails=["my_trail"], **spec).upload(s3)
    audit = verify().ended(0).json()
    assert [it["verdict"] for it in audit["chains"]] == ["verified"] * 4
    assert {it["prefix"] for it in audit["chains"]} == {"o-abc"}
    one = verify("--accounts", "444455556666", "--regions", "us-east-1").ended(0).json()
    assert [(it["account"], it["region"]) for it in one["chains"]] == [("444455556666", "us-east-1")]


def test_faults(s3, verify, tmp_path):
    faults = [{"do": "tamper", "log": [1, 0]}, {"do": "delete", "digest": 3}, {"do": "add-log", "minute": 130}]
    tree.make(tmp_path, faults=faults).upload(s3)
    audit = verify().ended(1).json()
    # The logs of the missing digest cannot be told.
    assert kinds(audit) == {"log-hash-mismatch": 1, "digest-missing": 1, "log-unlisted": 1, "log-unverified": 2}


def test_versions_tell_what_became_of_objects(s3, verify, tmp_path):
    made = tree.make(tmp_path)
    s3.create_bucket(Bucket="logs")
    s3.put_bucket_versioning(Bucket="logs", VersioningConfiguration={"Status": "Enabled"})
    made.upload(s3)
    gone, altered = made.logs[0], made.logs[3]
    s3.delete_object(Bucket="logs", Key=gone)
    s3.put_object(Bucket="logs", Key=altered, Body=(made.root / made.logs[4]).read_bytes())
    audit = verify().ended(1).json()
    told = {it["key"]: it["detail"] for it in audit["problems"]}
    assert "deleted by the marker" in told[gone] and "survives" in told[gone]
    assert "replaced by the version" in told[altered] and "survives" in told[altered]


def test_an_object_that_may_not_be_read(s3, verify, emulator, tmp_path):
    made = tree.make(tmp_path)
    made.upload(s3)
    emulator.refuse("AccessDenied", operation="s3:GetObject", resource=made.logs[2])
    audit = verify().ended(3).json()
    (problem,) = audit["problems"]
    assert problem["kind"] == "log-unverified" and problem["key"] == made.logs[2]
    assert audit["chains"][0]["logs"] == {"valid": 11, "invalid": 0, "missing": 0, "unverified": 1, "unlisted": 0}
    assert statuses(audit)["log-file-hash-valid"] == "unknown"
    (finding,) = [it for it in audit["findings"] if it["status"] == "unknown"]
    assert finding["evidence"][0]["action"] == "s3:GetObject" and finding["evidence"][0]["reason"] == "denied"


def test_a_digest_that_may_not_be_read(s3, verify, emulator, tmp_path):
    made = tree.make(tmp_path)
    made.upload(s3)
    emulator.refuse("AccessDenied", operation="s3:GetObject", resource=made.digests[2])
    audit = verify().ended(3).json()
    assert kinds(audit) == {"digest-unverified": 1, "log-unverified": 2}
    assert statuses(audit)["digest-chain-unbroken"] == "unknown"


def test_keys_that_may_not_be_listed(s3, verify, emulator, tmp_path):
    tree.make(tmp_path).upload(s3)
    emulator.refuse("AccessDeniedException", operation="cloudtrail:ListPublicKeys")
    audit = verify().ended(3).json()
    assert audit["chains"][0]["verdict"] == "unverified" and set(kinds(audit)) == {
        "digest-key-unknown",
        "log-unverified",
    }
    evidence = [e["call"] for f in audit["findings"] for e in f.get("evidence", []) if "call" in e]
    assert "cloudtrail:ListPublicKeys" in evidence


def test_pinned_keys(s3, verify, emulator, tmp_path):
    made = tree.make(tmp_path)
    made.upload(s3)
    emulator.refuse("AccessDeniedException", operation="cloudtrail:ListPublicKeys")
    verify("--public-keys", made.keys).ended(0)


@pytest.mark.parametrize("folder", ["CloudTrail-Digest", "CloudTrail"])
def test_a_listing_that_fails(s3, verify, emulator, tmp_path, folder):
    tree.make(tmp_path).upload(s3)
    # With and without the region's folder: the search for regions, and their own listings.
    emulator.refuse("AccessDenied", operation="s3:ListObjectsV2", resource=f"%2F{folder}%2Feu-west-1%2F")
    emulator.refuse("AccessDenied", operation="s3:ListObjectsV2", resource=f"/{folder}/eu-west-1/")
    audit = verify().ended(3).json()
    (chain,) = audit["chains"]
    told = statuses(audit)
    assert told["no-unlisted-log-files"] == "unknown"
    if folder == "CloudTrail-Digest":
        assert chain["verdict"] == "unverified" and chain["digests"]["valid"] == 0
        assert "pass" not in told.values()
    else:
        assert chain["logs"]["valid"] == 12


def test_a_bucket_of_which_only_the_record_may_be_listed(s3, verify, emulator, tmp_path):
    """A policy may allow the prefix AWSLogs/ alone: what lies there is verified, and that there may be more is told."""
    tree.make(tmp_path).upload(s3)
    emulator.refuse("AccessDenied", operation="s3:ListObjectsV2", resource="prefix= ")
    audit = verify().ended(3).json()
    assert sorted(it["verdict"] for it in audit["chains"]) == ["unverified", "verified"]


def test_a_second_page_that_fails(s3, verify, emulator, tmp_path):
    """What the first page shows is verified; that no log lies beside the record cannot be told."""
    tree.make(tmp_path, logs_per_hour=170, records=1).upload(s3)
    with Proxy(emulator.url, lambda _, call: SERVER_ERROR if "continuation-token=" in call.text else None) as proxy:
        audit = verify(url=proxy.url).ended(3).json()
        assert proxy.faults
    assert audit["chains"][0]["logs"]["valid"] == 1020 and kinds(audit) == {}
    told = statuses(audit)
    assert told.pop("no-unlisted-log-files") == "unknown"
    assert set(told.values()) == {"pass", "not_applicable"}


def test_throttled_and_cut(s3, verify, emulator, tmp_path):
    """Every third request is throttled once, every fourth body is cut once: nothing is lost."""
    tree.make(tmp_path).upload(s3)
    tried = Counter()

    def fault(number, call):
        tried[call.text] += 1
        if tried[call.text] > 1 or call.service != "s3":
            return None
        if number % 3 == 2:
            return THROTTLE
        return CUT if call.name == "s3:GetObject" and number % 4 == 3 else None

    with Proxy(emulator.url, fault) as proxy:
        audit = verify(url=proxy.url).ended(0).json()
        assert len(proxy.faults) >= 5
    assert audit["chains"][0]["logs"]["valid"] == 12


@pytest.mark.parametrize("how", [CUT, SERVER_ERROR])
def test_a_log_that_never_comes_whole(s3, verify, emulator, tmp_path, how):
    made = tree.make(tmp_path)
    made.upload(s3)

    def fault(_number, call):
        return how if call.name == "s3:GetObject" and made.logs[5] in call.text else None

    with Proxy(emulator.url, fault) as proxy:
        audit = verify(url=proxy.url).ended(3).json()
    (problem,) = audit["problems"]
    assert (problem["kind"], problem["key"]) == ("log-unverified", made.logs[5])
    assert audit["chains"][0]["logs"]["valid"] == 11


def test_only_what_is_new(s3, verify, emulator, tmp_path):
    tree.make(tmp_path).upload(s3)
    (tmp_path / "key").write_bytes(bytes(range(32)))
    state = ["--state", "s.json", "--state-key", "key"]
    first = verify(*state, until="2026-01-01T04:00:00Z").ended(0).json()
    assert first["chains"][0]["digests"]["valid"] == 4
    second = verify(*state).ended(0).json()
    assert second["chains"][0]["digests"]["valid"] == 2
    # The last digest again, two new ones and their four logs.
    assert emulator.counts()["s3:GetObject"] == 7


def test_all_digests_deleted(s3, verify, tmp_path):
    made = tree.make(tmp_path)
    for name in made.digests:
        (made.root / name).unlink()
    made.upload(s3)
    audit = verify().ended(1).json()
    assert kinds(audit) == {"chain-missing": 1, "log-unverified": 12}


def test_a_replica(s3, verify, tmp_path):
    """What was signed for another bucket is verified as that bucket's, if it is named."""
    tree.make(tmp_path, bucket="original").upload(s3)
    assert kinds(verify().ended(1).json())["digest-moved"] == 6
    for name in ["original", "s3://original"]:
        audit = verify("--bucket", name).ended(0).json()
        assert kinds(audit) == {} and audit["chains"][0]["bucket"] == "original"


def test_a_trail_that_is_not_there(s3, verify, tmp_path):
    tree.make(tmp_path).upload(s3)
    assert "main" in verify("--trail", "mian").ended(2).err


STOPPED = {"trails": ["a", "b"], "short": [{"hour": 1, "minutes": 20, "trail": "a"}]}
DELETED = {"logs_per_hour": 0, "faults": [{"do": "delete", "digest": 4}, {"do": "delete", "digest": 5}]}


@pytest.mark.parametrize(
    ("spec", "code", "expected"),
    [
        ({"hours": 4, "short": [{"hour": 3, "minutes": 20}]}, 1, {"chain-gap": 1}),
        (STOPPED | {"only": [{"trail": "a", "to": 2}]}, 0, {"chain-gap": 1}),
        (STOPPED | {"only": [{"trail": "a", "to": 2}, {"trail": "b", "from": 4}]}, 1, {"chain-gap": 1}),
        (DELETED | {"also": [{"prefix": "other", "logs_per_hour": 0}]}, 1, {"chain-tail-missing": 1}),
        ({"moves": [{"before": 3, "prefix": "new", "old_logs": 1}]}, 0, {}),
        (
            {"moves": [{"before": 4, "prefix": "new", "old_logs": 1}], "hours": 7}
            | {"short": [{"hour": 3, "minutes": 25}, {"hour": 4, "minutes": 35}]},
            0,
            {},
        ),
        (
            {"moves": [{"before": 3, "prefix": "new"}], "logs_per_hour": 0}
            | {"faults": [{"do": "delete", "digest": it} for it in range(3)]},
            3,
            {"digest-unverified": 1},
        ),
        (
            {"moves": [{"before": 3, "prefix": "new"}], "faults": [{"do": "add-log", "minute": 250}]},
            1,
            {"log-unlisted": 1},
        ),
        ({"moves": [{"before": 3, "organization": "o-abc", "old_logs": 1}]}, 0, {}),
        ({"trails": ["a", "b"], "unvalidated": ["b"]}, 1, {"log-unlisted": 12}),
        ({"faults": [{"do": "decompress", "digests": True, "logs": True}]}, 0, {"object-uncompressed": 1}),
        ({"faults": [{"do": "strip", "digest": 5}]}, 3, {"digest-signature-missing": 1, "log-unverified": 2}),
    ],
)
def test_what_may_excuse_a_fault(s3, verify, tmp_path, spec, code, expected):
    tree.make(tmp_path, **spec).upload(s3)
    assert kinds(verify("--since", tree.START).ended(code).json()) == expected


def test_a_stop_long_before_the_window(s3, verify, tmp_path):
    tree.make(tmp_path, start="2025-11-02T00:00:00Z", hours=4, short=[{"hour": 3, "minutes": 20}]).upload(s3)
    audit = verify("--since", "2026-01-01").ended(1).json()
    assert kinds(audit) == {"chain-gap": 1}
    assert "logging stopped at 2025-11-02T03:20:00Z" in audit["problems"][0]["detail"]


def test_a_trail_that_stopped_long_ago(s3, verify, tmp_path):
    """It is asked for by name, and another one goes on: no reason to call its name mistyped."""
    spec = STOPPED | {"hours": 110, "logs_per_hour": 0, "only": [{"trail": "a", "to": 2}]}
    tree.make(tmp_path, start="2025-12-27T16:00:00Z", **spec).upload(s3)
    assert kinds(verify("--since", tree.START, "--trail", "a").ended(1).json()) == {"chain-gap": 1}
    assert "b" in verify("--since", tree.START, "--trail", "c").ended(2).err


def test_a_state_file_that_was_made_from_the_bucket(s3, verify, tmp_path):
    tree.make(tmp_path, faults=[{"do": "delete", "log": [1, 0]}]).upload(s3)
    verify("--state", "s.json").ended(1)
    audit = verify("--state", "s.json", until="2026-01-01T06:30:00Z").ended(3).json()
    assert audit["summary"]["pass"] == 0 and kinds(audit) == {"digest-unverified": 1}
