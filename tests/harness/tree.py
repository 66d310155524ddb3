"""Signed trees of digests and logs, made by the project's own generator, and put into the emulator's S3."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from emulator import cloudtrail
from harness import tool

START = "2026-01-01T00:00:00Z"
END = "2026-01-01T06:00:00Z"
NOW = "2026-01-01T08:10:00Z"


@dataclass
class Tree:
    """`root` mirrors the bucket `logs`; `keys` is the file of public keys."""

    root: Path
    keys: Path

    @property
    def files(self) -> list[str]:
        return sorted(p.relative_to(self.root).as_posix() for p in self.root.rglob("*.gz"))

    @property
    def digests(self) -> list[str]:
        return [name for name in self.files if "/CloudTrail-Digest/" in name]

    @property
    def logs(self) -> list[str]:
        return [name for name in self.files if "/CloudTrail-Digest/" not in name]

    def upload(self, client, bucket: str = "logs", create: bool = True, key: str = "") -> None:
        """Puts all of it there; the logs encrypted with `key`, as CloudTrail does."""
        lines = (self.root / ".metadata.jsonl").read_text().splitlines()
        metadata = {it["key"]: it["metadata"] for it in map(json.loads, lines)}
        if create:
            client.create_bucket(Bucket=bucket)
        logs = set(self.logs) if key else set()
        for name in self.files:
            body = (self.root / name).read_bytes()
            encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key and name in logs else {}
            client.put_object(Bucket=bucket, Key=name, Body=body, Metadata=metadata.get(name, {}), **encrypted)
        cloudtrail.public_keys.update(json.loads(self.keys.read_text()))


    def other(self, bucket: str) -> "Tree":
        """What the same tree holds of another bucket."""
        return Tree(Path(f"{self.root}@{bucket}"), self.keys)


def generator() -> str:
    return str(Path(tool.binary()).parent / "examples" / "digest-tree")


def make(folder: Path, **spec) -> Tree:
    """A tree by its specification (`checks/tests/digest/tree/spec.rs`); six hours of one chain without one."""
    root = folder / "tree"
    subprocess.run([generator(), root], input=json.dumps(spec), text=True, check=True)
    return Tree(root, Path(f"{root}.keys.json"))
