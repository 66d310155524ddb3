"""A mirror of multiplied real records with digests: what the benches of `events` read.

benches/records.py FOLDER [MEGABYTES] [TARGET]: writes FOLDER and FOLDER.keys.json, about 128 MB inflated without a size,
with the example `digest-tree` of TARGET (default target/release). The records are published ones under Apache-2.0 and
MIT, each with its source: checks/tests/data/events/records.jsonl.gz.
"""

import gzip, json, subprocess, sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
DATA = ROOT / "checks/tests/data/events/records.jsonl.gz"
REGIONS = ["eu-west-1", "us-east-1", "us-east-2", "us-west-2"]
# Logs of a day in four regions: so many records in each make a megabyte of them all.
HOURS, LOGS = 24, 8
# Bytes of a record on average.
SIZE = 1493


def templates():
    """Published records that have an identity and a time, as CloudTrail delivers them."""
    with gzip.open(DATA, "rt") as lines:
        records = [json.loads(line)["record"] for line in lines]
    whole = ("eventTime", "eventName", "eventSource", "userIdentity", "eventID")
    return [it for it in records if all(it.get(name) for name in whole)]


def make(root, megabytes=128, target=ROOT / "target/release", **spec):
    """Writes the tree; a specification of `checks/tests/digest/tree/spec.rs` changes it."""
    logs = len(REGIONS) * HOURS * LOGS
    whole = {
        "regions": REGIONS,
        "hours": HOURS,
        "logs_per_hour": LOGS,
        "records": round(megabytes * 1e6 / SIZE / logs),
        "templates": templates(),
    }
    command = [Path(target) / "examples/digest-tree", root]
    subprocess.run(command, input=json.dumps(whole | spec), text=True, check=True)


if __name__ == "__main__":
    folder, megabytes, target = (sys.argv[1:] + ["", "", ""])[:3]
    if not folder:
        sys.exit(__doc__)
    make(folder, float(megabytes or 128), target or ROOT / "target/release")
