"""A CSV file, read by Python: every row full, and nothing in it that a spreadsheet would calculate."""

import csv
from pathlib import Path

FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")


def rows(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def problems(path: Path) -> list[str]:
    wrong = []
    if path.read_bytes().count(b"\n") != path.read_bytes().count(b"\r\n"):
        wrong.append("lines do not end as RFC 4180 wants them")
    for number, row in enumerate(rows(path), 2):
        if None in row or None in row.values():
            wrong.append(f"row {number}: not as many cells as the header")
            continue
        # Where lists are separated by semicolons, a cell may be split there.
        parts = [part for cell in row.values() for part in cell.split(";")]
        wrong += [f"row {number}: {part[:80]!r}" for part in parts if part.lstrip().startswith(FORMULA)]
    return wrong


def totals(path: Path) -> dict:
    """Counted from the findings; the rows of totals must say the same."""
    findings = [row for row in rows(path) if row["record"] == "finding"]
    status = [row["status"] for row in findings]
    counted = {name: status.count(name) for name in ("pass", "fail", "unknown", "not_applicable")}
    counted["waived"] = sum(bool(row["waiver_expires"]) for row in findings)
    told = {row["status"]: int(row["count"]) for row in rows(path) if row["record"] == "total"}
    assert counted == {name: told[name] for name in counted}
    return counted
