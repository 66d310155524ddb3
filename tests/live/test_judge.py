"""Another judge: the real `aws cloudtrail validate-logs` on our generator's trees.

It accepts those that are clean by our cases, so the generator signs as CloudTrail does; where it reports a fault, so do
we. The faults that it does not report stand in docs/verify.md, as a table that is made here: TRAILAUDIT_RENEW=1 renews it.
"""

import importlib.util
import os
from pathlib import Path

from harness import tree

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs/verify.md"
BEGIN, END = "<!-- faults: made by tests/live/test_judge.py -->\n", "<!-- end of faults -->\n"


def load():
    spec = importlib.util.spec_from_file_location("judge", ROOT / "checks/tests/digest/judge.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_aws_cli():
    rows = load().judge_all(tree.generator())
    assert len(rows) > 50
    wrong = [row for row in rows if not row.agrees]
    assert wrong == []
    # Nothing that it calls invalid is clean by ours; the agreement of both on clean trees is tested above.
    assert all(row.code == 0 for row in rows if not row.ours)
    table = load().table([row for row in rows if row.ours])
    text = DOCS.read_text()
    before, _, rest = text.partition(BEGIN)
    told, _, after = rest.partition(END)
    if os.environ.get("TRAILAUDIT_RENEW"):
        DOCS.write_text(before + BEGIN + table + END + after)
        told = table
    assert told == table, "TRAILAUDIT_RENEW=1 renews docs/verify.md"
