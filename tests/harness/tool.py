"""Runs trailaudit: in an empty home, with no variable but those that a test gives."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).parent.parent.parent / "target"
ROLE = "OrganizationAccountAccessRole"


def binary() -> str:
    """TRAILAUDIT_BIN, else the last build."""
    given = os.environ.get("TRAILAUDIT_BIN")
    built = [path for kind in ("debug", "release") if (path := TARGET / kind / "trailaudit").exists()]
    if not given and not built:
        raise FileNotFoundError("no trailaudit: run `cargo build`, or set TRAILAUDIT_BIN")
    return given or str(max(built, key=lambda path: path.stat().st_mtime))


def environment(home: Path, **more: str) -> dict:
    """IMDS is off: a test never waits for an address that does not answer."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true", **more}


def credentials(url: str) -> dict:
    """The management account at an emulator or a proxy."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIAMANAGEMENT", "AWS_SECRET_ACCESS_KEY": "x"}
    return {"AWS_ENDPOINT_URL": url, "AWS_REGION": "us-east-1", **keys}


@dataclass
class Run:
    """A finished run. `folder` is where it ran: relative output paths land there."""

    code: int
    out: str
    err: str
    folder: Path

    def json(self, name: str = "audit.json") -> dict:
        return json.loads((self.folder / name).read_text("utf-8"))

    def text(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")

    def ended(self, code: int) -> "Run":
        assert self.code == code, f"exit code {self.code}, {code} expected\n{self.err[-3000:]}"
        return self


def run(folder: Path, *arguments: str, **variables: str) -> Run:
    done = subprocess.run(
        [binary(), *map(str, arguments)],
        cwd=folder,
        env=environment(folder, **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=180,
    )
    return Run(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8", "replace"), folder)
