"""An independent judge of single records: what the signatures in a folder prove of each.

It knows nothing of chains and windows. A digest counts where a signature of its own or of its successor fits its bytes,
its place and the key that it names; a log's records are what that digest says of the log. Written from AWS's
description of digest files, with `cryptography` for RSA: none of it is the project's.
"""

import hashlib
import json
import re
import zlib
from base64 import b64decode
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

STAMP = re.compile(r"_(\d{8}T\d{4})Z_")
# CloudTrail names a log by the minute of its delivery.
MINUTE = timedelta(minutes=1)
# What inflates to more is no log.
MOST = 16 << 20


def proofs(root: Path, bucket: str, keys: dict) -> dict[str, list[str]]:
    """The proofs of each record by its eventID, one for each time it is stored."""
    digests = {key: Digest(bucket, key, data) for key, data in objects(root) if "/CloudTrail-Digest/" in key}
    side = map(json.loads, (root / ".metadata.jsonl").read_text().splitlines())
    metadata = {it["key"]: it["metadata"] for it in side}
    valid = [it for it in digests.values() if it.is_valid(keys, metadata.get(it.key, {}), digests.values())]
    listed = {log["s3Object"]: log for it in valid for log in it.logs if log["s3Bucket"] == bucket}
    found = {}
    for key, data in objects(root):
        if "/CloudTrail-Digest/" in key:
            continue
        for proof, text in parts(data, listed.get(key), covered(key, valid)):
            for record in records(text):
                found.setdefault(record["eventID"], []).append(proof)
    return {event: sorted(all) for event, all in found.items()}


def objects(root: Path):
    for path in sorted(root.rglob("*.gz")):
        yield path.relative_to(root).as_posix(), path.read_bytes()


def inflated(data: bytes) -> tuple[bytes | None, bytes]:
    """What the first gzip member holds, and what follows it."""
    reader = zlib.decompressobj(wbits=31)
    try:
        text = reader.decompress(data, MOST)
    except zlib.error:
        return None, data
    return (text, reader.unused_data) if reader.eof else (None, b"")


def parts(data: bytes, listed: dict | None, covered: bool):
    """The parts of a log that are proved alike."""
    text, rest = inflated(data)
    if text is None:
        text, rest = data, b""
    if listed is None:
        yield "unlisted" if covered else "unverified", text
    elif listed["hashAlgorithm"] == "SHA-256" and hashlib.sha256(text).hexdigest() == listed["hashValue"]:
        yield "verified", text
    else:
        yield "altered", text
    follows = "altered" if listed else ("unlisted" if covered else "unverified")
    while rest:
        text, rest = inflated(rest)
        if text is None:
            return
        yield follows, text


def records(text: bytes) -> list[dict]:
    try:
        return [it for it in json.loads(text)["Records"] if "eventID" in it]
    except (ValueError, KeyError, TypeError):
        return []


def covered(key: str, valid: list["Digest"]) -> bool:
    """Whether a valid digest of this account, region and kind of log covers the whole time of its delivery."""
    stamp = STAMP.search(key)
    if not stamp or "/CloudTrail/" not in key:
        return False
    place = key.partition("/CloudTrail/")[0], key.partition("/CloudTrail/")[2].split("/")[0]
    start = datetime.strptime(stamp[1], "%Y%m%dT%H%M")
    return any(it.place == place and it.start <= start and start + MINUTE <= it.end for it in valid)


class Digest:
    def __init__(self, bucket: str, key: str, data: bytes):
        self.bucket, self.key = bucket, key
        self.text, rest = inflated(data)
        if self.text is None and data.startswith(b"{"):
            # A mirror that was decompressed.
            self.text, rest = data, b""
        self.trailing = bool(rest)
        region = key.partition("/CloudTrail-Digest/")[2].split("/")[0]
        self.place = key.partition("/CloudTrail-Digest/")[0], region
        try:
            # A name that comes twice says two things.
            self.said = json.loads(self.text or b"", object_pairs_hook=once)
            self.logs = self.said["logFiles"]
            self.start, self.end = (instant(self.said[f"digest{it}Time"]) for it in ("Start", "End"))
        except (ValueError, KeyError, TypeError):
            self.said, self.logs = {}, []

    def is_valid(self, keys: dict, metadata: dict, others) -> bool:
        said = self.said
        fields = ("previousDigestS3Bucket", "previousDigestS3Object", "previousDigestHashValue", "previousDigestSignature")
        if self.trailing or not said or any(it not in said for it in fields):
            return False
        before = [said[it] for it in fields]
        plain = said.get("digestSignatureAlgorithm") == "SHA256withRSA"
        plain &= said.get("previousDigestHashAlgorithm") in ("SHA-256", None)
        plain &= all(it is None for it in before) or all(it is not None for it in before)
        plain &= all(it.get("hashAlgorithm") == "SHA-256" for it in self.logs)
        plain &= said.get("awsAccountId") == self.key.partition("AWSLogs/")[2].split("/CloudTrail-Digest")[0].split("/")[-1]
        if not plain or (said.get("digestS3Bucket"), said.get("digestS3Object")) != (self.bucket, self.key):
            return False
        signatures = [metadata["signature"]] if metadata.get("signature-algorithm") == "SHA256withRSA" else []
        if not metadata.get("signature"):
            signatures = [it.said["previousDigestSignature"] for it in others
                          if it.said.get("previousDigestS3Object") == self.key and it.said.get("previousDigestSignature")]  # fmt: skip
        key = self.key_of(keys)
        return key is not None and any(self.signed_by(key, it) for it in signatures)

    def key_of(self, keys: dict):
        for key in keys.get(self.place[1], {}).get("PublicKeyList", []):
            if key["Fingerprint"] == self.said["digestPublicKeyFingerprint"]:
                begins, ends = instant(key["ValidityStartTime"]), instant(key["ValidityEndTime"])
                return key if begins <= self.end <= ends else None
        return None

    def signed_by(self, key: dict, signature: str) -> bool:
        before = self.said["previousDigestSignature"] or "null"
        digest = hashlib.sha256(self.text).hexdigest()
        words = "\n".join([self.said["digestEndTime"], f"{self.bucket}/{self.key}", digest, before])
        # PKCS#1 as AWS gives it, within what says that it is RSA.
        inner = b64decode(key["Value"])
        try:
            load_der_public_key(spki(inner)).verify(bytes.fromhex(signature), words.encode(), padding.PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


def once(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def instant(text) -> datetime:
    if isinstance(text, (int, float)):
        return datetime.utcfromtimestamp(text)
    return datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=None)


def spki(pkcs1: bytes) -> bytes:
    def tagged(tag: int, body: bytes) -> bytes:
        size = len(body)
        length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
        return bytes([tag]) + length + body

    rsa = bytes.fromhex("300d06092a864886f70d0101010500")
    return tagged(0x30, rsa + tagged(0x03, b"\0" + pkcs1))
