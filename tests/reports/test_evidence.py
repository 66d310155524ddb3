"""The bundle for an auditor, checked by coreutils, openssl and compliance-trestle, and attacked by who can sign."""

import base64
import gzip
import json
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from harness import oscal, sarif, table, tool


def sh(folder: Path, *command: str, code: int = 0) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


DIGEST = {
    "digestS3Bucket": "org-logs",
    "digestS3Object": "AWSLogs/111111111111/CloudTrail-Digest/us-east-1/2026/11/16/x.json.gz",
    "digestEndTime": "2026-11-16T05:00:00Z",
}


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evidence")
    for name in ("key", "stranger"):
        sh(folder, "openssl", "genpkey", "-algorithm", "ed25519", "-out", f"{name}.pem")
    (folder / "digest.json.gz").write_bytes(gzip.compress(json.dumps(DIGEST).encode()))
    sh(folder, "openssl", "pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
    digest = ("--newest-digest", "digest.json.gz")
    tool.run(folder, "evidence", "create", "--demo", "--sign", "key.pem", "-o", "bundle", *digest).ended(0)
    return folder


@pytest.fixture
def bundle(sealed, tmp_path):
    """A copy to be spoiled."""
    sh(tmp_path, "cp", "-r", str(sealed / "bundle"), str(sealed / "public.pem"), ".")
    return tmp_path / "bundle"


def verify(bundle: Path, *more: str, key: str | None = "public.pem") -> tool.Run:
    by = ("--public-key", key) if key else ()
    return tool.run(bundle.parent, "evidence", "verify", "bundle", *by, *more)


def test_coreutils_and_openssl_check_it_as_its_readme_says(sealed):
    """Word for word: what an auditor would copy."""
    bundle = sealed / "bundle"
    block = (bundle / "README.md").read_text().split("```")[1].strip().splitlines()
    said = [sh(bundle, "bash", "-ec", line) for line in block[:4]]
    assert said[0].count(": OK") == len((bundle / "SHA256SUMS").read_text().splitlines())
    assert "Signature Verified Successfully" in said[1]
    assert "the signature covers SHA256SUMS" in said[2]
    key = said[3].split()[0]
    assert key == json.loads((bundle / "manifest.json").read_text())["key"]
    assert block[4].startswith("trailaudit evidence verify")
    verify(bundle).ended(0)
    verify(bundle, key=None).ended(3)


def test_openssl_and_coreutils_find_changes(bundle):
    audit = bundle / "audit.json"
    audit.write_bytes(audit.read_bytes()[:-1])
    sh(bundle, "sha256sum", "--status", "-c", "SHA256SUMS", code=1)
    pae = bundle / "statement.pae"
    pae.write_bytes(pae.read_bytes().replace(b"audit.json", b"audit.jsoo"))
    openssl = "openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in statement.pae -sigfile statement.sig"
    sh(bundle, *openssl.split(), code=1)


def test_the_statement_is_in_toto_in_dsse(sealed):
    bundle = sealed / "bundle"
    envelope = json.loads((bundle / "statement.dsse.json").read_text())
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    assert kind == b"application/vnd.in-toto+json"
    # DSSE's own formula.
    pae = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    assert pae == (bundle / "statement.pae").read_bytes()
    statement = json.loads(payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    files = {it["name"]: it["digest"]["sha256"] for it in statement["subject"]}
    there = {str(it.relative_to(bundle)) for it in bundle.rglob("*") if it.is_file()}
    assert there - set(files) == {"statement.dsse.json", "statement.pae", "statement.sig"}
    for name, sum in files.items():
        assert sha256((bundle / name).read_bytes()).hexdigest() == sum, name


def reseal(bundle: Path, key: Path) -> None:
    """What somebody with a key of his own can do: all of the seal anew, by the published formulas."""
    public = sh(bundle, "openssl", "pkey", "-in", str(key), "-pubout")
    (bundle / "public-key.pem").write_text(public)
    der = base64.b64decode("".join(public.splitlines()[1:-1]))
    keyid = sha256(der).hexdigest()
    companions = {"statement.dsse.json", "statement.pae", "statement.sig"}
    names = sorted(str(it.relative_to(bundle)) for it in bundle.rglob("*") if it.is_file())
    hashed = [name for name in names if name not in companions | {"SHA256SUMS"}]
    manifest = json.loads((bundle / "manifest.json").read_text())
    for it in manifest["files"]:
        it["sha256"] = sha256((bundle / it["path"]).read_bytes()).hexdigest()
        it["size"] = (bundle / it["path"]).stat().st_size
    manifest["key"] = keyid
    (bundle / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    sums = {name: sha256((bundle / name).read_bytes()).hexdigest() for name in hashed}
    text = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
    (bundle / "SHA256SUMS").write_text(text)
    sums["SHA256SUMS"] = sha256(text.encode()).hexdigest()
    statement = json.loads(base64.b64decode(json.loads((bundle / "statement.dsse.json").read_text())["payload"]))
    statement["subject"] = [{"name": name, "digest": {"sha256": sums[name]}} for name in sorted(sums)]
    payload = (json.dumps(statement, indent=2) + "\n").encode()
    kind = b"application/vnd.in-toto+json"
    (bundle / "statement.pae").write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
    sign = ("openssl", "pkeyutl", "-sign", "-inkey", str(key), "-rawin", "-in", "statement.pae", "-out", "statement.sig")
    sh(bundle, *sign)
    signature = {"keyid": keyid, "sig": base64.b64encode((bundle / "statement.sig").read_bytes()).decode()}
    payload = base64.b64encode(payload).decode()
    envelope = {"payloadType": kind.decode(), "payload": payload, "signatures": [signature]}
    (bundle / "statement.dsse.json").write_text(json.dumps(envelope, indent=2) + "\n")


def test_a_seal_made_by_hand_is_as_good(sealed, bundle):
    """So that the next tests fail for what they say, and not for how they were sealed."""
    reseal(bundle, sealed / "key.pem")
    verify(bundle).ended(0)


FORGERIES = {
    "audit.json": (b'"status": "fail"', b'"status": "pass"'),
    "reports/trailaudit.html": (b"No.", b"Yes"),
    "reports/trailaudit.csv": (b"fail", b"pass"),
    "controls/cis-aws-foundations-5.0.csv": (b"failing", b"passing"),
    "population.json": (b"unreachable", b"assessed"),
    "coverage.csv": (b"unreachable", b"assessed"),
    "ledger.jsonl": (b"denied", b"failed"),
    "settings.json": (b"365", b"36"),
    "checks.json": (b"critical", b"low"),
    "iam-policy.json": (b"Allow", b"Deny"),
    "digests/newest.json.gz": None,
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_signer_cannot_make_verdicts_that_do_not_follow(sealed, bundle, name):
    path = bundle / name
    if FORGERIES[name] is None:
        later = {**DIGEST, "digestEndTime": "2026-12-01T00:00:00Z"}
        path.write_bytes(gzip.compress(json.dumps(later).encode()))
    else:
        old, new = FORGERIES[name]
        assert old in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(old, new))
    reseal(bundle, sealed / "key.pem")
    sh(bundle, "sha256sum", "--status", "-c", "SHA256SUMS")
    found = json.loads(verify(bundle, "--json").ended(1).out)
    assert len(found["ok"]) >= 2, "the seal is good"
    (wrong,) = found["wrong"]
    assert Path(name).name in wrong or "manifest.json tells of another run" in wrong or "audit.json" in wrong


def test_a_readme_that_says_yes_is_found(sealed, bundle):
    """It is what people read first."""
    readme = bundle / "README.md"
    lines = readme.read_text().splitlines(keepends=True)
    lines[2] = "YES, all applicable checks passed.\n"
    readme.write_text("".join(lines))
    reseal(bundle, sealed / "key.pem")
    (wrong,) = json.loads(verify(bundle, "--json").ended(1).out)["wrong"]
    assert "README.md" in wrong


def change_manifest(bundle: Path, **values) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps({**manifest, **values}, indent=2) + "\n")


@pytest.mark.parametrize(
    "values",
    [
        {"of": "o-other"},
        {"started_at": "2026-11-30T00:00:00Z"},
        {"now": "2026-11-30T00:00:00Z"},
        {"caller_arn": "arn:aws:iam::999999999999:root"},
        {"not_before": None},
        {"answers": 7},
        {"selection": ["trail-*"]},
    ],
    ids=lambda it: next(iter(it)),
)
def test_a_manifest_that_tells_of_another_run_is_found(sealed, bundle, values):
    change_manifest(bundle, **values)
    reseal(bundle, sealed / "key.pem")
    verify(bundle).ended(1)


def test_what_cannot_be_derived_is_named_as_the_signers_word(sealed, bundle):
    found = json.loads(verify(bundle, "--json").ended(0).out)
    manifest = json.loads((bundle / "manifest.json").read_text())
    stated = " ".join(found["stated"])
    assert manifest["program_sha256"] in stated and manifest["tool"]["version"] in stated
    assert manifest["not_before"]["sha256"] in stated
    assert manifest["caller_arn"].rsplit("/", 1)[0] in stated
    assert "Stated by the signer, not verified" in (bundle / "README.md").read_text()
    # Another hash is another README, and nothing that the facts could prove wrong.
    change_manifest(bundle, program_sha256="0" * 64)
    reseal(bundle, sealed / "key.pem")
    assert "README.md" in verify(bundle).ended(1).out


def test_another_version_is_not_derived_again(sealed, bundle):
    change_manifest(bundle, tool={"name": "trailaudit", "version": "0.0.9"})
    envelope = json.loads((bundle / "statement.dsse.json").read_text())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement["predicate"]["tool"]["version"] = "0.0.9"
    envelope["payload"] = base64.b64encode(json.dumps(statement, indent=2).encode()).decode()
    (bundle / "statement.dsse.json").write_text(json.dumps(envelope))
    reseal(bundle, sealed / "key.pem")
    run = verify(bundle).ended(3)
    assert "was not tried: trailaudit 0.0.9 made it" in run.out
    assert "judges them again" not in run.out


def test_a_statement_of_another_run_is_found(sealed, bundle):
    envelope = json.loads((bundle / "statement.dsse.json").read_text())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement["predicate"]["of"] = "o-other"
    envelope["payload"] = base64.b64encode(json.dumps(statement, indent=2).encode()).decode()
    (bundle / "statement.dsse.json").write_text(json.dumps(envelope))
    reseal(bundle, sealed / "key.pem")
    assert "tells of another run than manifest.json" in verify(bundle).ended(1).out


def test_a_stranger_signs_as_a_stranger(sealed, bundle):
    """Without a fault in it: whoever seals a bundle anew can write a README that names their key."""
    before = json.loads((bundle / "manifest.json").read_text())["key"]
    public = sh(sealed, "openssl", "pkey", "-in", "stranger.pem", "-pubout")
    der = base64.b64decode("".join(public.splitlines()[1:-1]))
    keyid = sha256(der).hexdigest()
    readme = bundle / "README.md"
    assert before in readme.read_text()
    readme.write_text(readme.read_text().replace(before, keyid))
    reseal(bundle, sealed / "stranger.pem")
    found = json.loads(verify(bundle, "--json", key=None).ended(3).out)
    assert found["wrong"] == []
    (unknown,) = found["open"]
    assert f"signed by an unknown key {keyid}; give --public-key" in unknown
    assert not any(keyid in line for line in found["ok"] + found["proves"])
    assert "it is signed by key" in verify(bundle).ended(1).out


def test_a_readme_that_names_another_key_is_found(sealed, bundle):
    """Sealed anew by a stranger, who left the README as it was: it tells of a key that signed nothing here."""
    reseal(bundle, sealed / "stranger.pem")
    found = json.loads(verify(bundle, "--json", key=None).ended(1).out)
    (wrong,) = found["wrong"]
    assert "README.md" in wrong


def test_a_seal_that_was_taken_off_is_missed(sealed, bundle):
    for name in ("statement.dsse.json", "statement.pae", "statement.sig"):
        (bundle / name).unlink()
    assert "only a part of its statement" in verify(bundle).ended(1).out
    verify(bundle, key=None).ended(1)


def test_it_is_bounded_in_time_by_a_digest(sealed):
    told = json.loads((sealed / "bundle/manifest.json").read_text())["not_before"]
    assert told["sha256"] == sha256(json.dumps(DIGEST).encode()).hexdigest()
    assert told["end"] == DIGEST["digestEndTime"]
    (sealed / "no.gz").write_bytes(b"no")
    wrong = ("evidence", "create", "--demo", "-o", "x", "--newest-digest", "no.gz")
    assert "no digest file" in tool.run(sealed, *wrong).err
    assert not (sealed / "x").exists()


def test_the_newest_verified_digest_bounds_it_too(tmp_path):
    """The sample's chains end where its day ends."""
    tool.run(tmp_path, "evidence", "create", "--demo", "-o", "b").ended(0)
    told = json.loads((tmp_path / "b/manifest.json").read_text())["not_before"]
    assert told["end"] == "2026-11-16T04:00:00Z" and told["file"] is None
    assert told["key"].endswith("_20261116T040000Z.json.gz") and len(told["sha256"]) == 64
    lines = [json.loads(it) for it in (tmp_path / "b/digests/chains.jsonl").read_text().splitlines()]
    assert told["bucket"] in {it["bucket"] for it in lines}


def test_the_reports_within_are_valid(sealed):
    reports = sealed / "bundle/reports"
    assert sarif.schema(reports / "trailaudit.sarif") == []
    assert table.problems(reports / "trailaudit.csv") == []
    assert oscal.problems(reports / "trailaudit.oscal.json") == []


def test_oscal_leads_to_the_files_of_the_bundle(sealed):
    reports = sealed / "bundle/reports"
    results = json.loads((reports / "trailaudit.oscal.json").read_text())["assessment-results"]
    files = {it["uuid"]: it["rlinks"][0] for it in results["back-matter"]["resources"] if "rlinks" in it}
    assert {it["href"] for it in files.values()} == {"../inventory.jsonl.zst", "../ledger.jsonl"}
    for link in files.values():
        (hash,) = link["hashes"]
        assert hash["algorithm"] == "SHA-256"
        assert sha256((reports / link["href"]).read_bytes()).hexdigest() == hash["value"]
    evidence = [e for o in results["results"][0]["observations"] for e in o.get("relevant-evidence", [])]
    assert evidence and all(it["href"].removeprefix("#") in files for it in evidence)
    asked = [it for it in evidence if any(p["name"] == "request-id" for p in it["props"])]
    assert asked and all(files[it["href"][1:]]["href"] == "../ledger.jsonl" for it in asked)


@pytest.mark.parametrize("of, rows", [("regions", "coverage"), ("findings", "findings"), ("calls", "calls")])
def test_anyone_draws_the_same_sample(sealed, of, rows):
    """By the formula of docs/evidence.md, from the files alone."""
    bundle = sealed / "bundle"
    audit = json.loads((bundle / "audit.json").read_text())
    ledger = [json.loads(line) for line in (bundle / "ledger.jsonl").read_text().splitlines()]
    ids = {
        "regions": [f"{it['account']}/{it['region']}" for it in audit["coverage"]["regions"]],
        "findings": [it["fingerprint"] for it in audit["findings"]],
        "calls": [str(at + 1) for at in range(len(ledger))],
    }[of]
    drawn = sorted(ids, key=lambda it: sha256(f"42\n{it}".encode()).hexdigest())[:10]
    out = tool.run(sealed, "evidence", "sample", "bundle", "--of", of, "--seed", "42", "--size", "10").ended(0).out
    lines = [json.loads(line) for line in out.splitlines()]
    assert [it["id"] for it in lines] == drawn
    assert all(it["of"] == len(ids) for it in lines)
    calls = [call["call"] for it in lines for call in it["calls"]]
    assert calls and all(call in ledger for call in calls)


STAMPER = """
[tsa]
default_tsa = stamper
[stamper]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
"""


def test_a_time_stamp_holds_the_statement(bundle, tmp_path):
    """As docs/evidence.md says; the authority is openssl's own."""
    (tmp_path / "stamper.cnf").write_text(STAMPER)
    (tmp_path / "serial").write_text("01\n")
    made = "req -x509 -newkey rsa:2048 -nodes -subj /CN=stamper -keyout stamper.key -out stamper.pem"
    stamp = "ts -reply -config stamper.cnf -queryfile request.tsq -signer stamper.pem -inkey stamper.key -out stamp.tsr"
    check = "ts -verify -data bundle/statement.pae -in stamp.tsr -CAfile stamper.pem"
    for command in (
        f"{made} -config /etc/ssl/openssl.cnf -addext extendedKeyUsage=critical,timeStamping",
        "ts -query -data bundle/statement.pae -sha256 -cert -out request.tsq",
        stamp,
        check,
    ):
        sh(tmp_path, "openssl", *command.split())
    # Beside the bundle it is no part of it.
    verify(bundle).ended(0)
    pae = bundle / "statement.pae"
    pae.write_bytes(pae.read_bytes() + b" ")
    sh(tmp_path, "openssl", *check.split(), code=1)
