"""Is a JUnit file valid, and what does an independent reader count in it?"""

from collections import Counter
from pathlib import Path

import junitparser
import xmlschema

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).parent.parent / "data/schemas/junit-10.xsd"))


def problems(path: Path) -> list[str]:
    """Against the XSD of Jenkins; and no two cases that a reader would take for one."""
    wrong = [f"xsd: {e.path}: {e.reason}" for e in SCHEMA.iter_errors(str(path))]
    names = Counter((case.classname, case.name) for case in cases(path))
    return wrong + [f"{count} cases named {name}" for name, count in names.items() if count > 1]


def cases(path: Path) -> list:
    read = junitparser.JUnitXml.fromfile(str(path))
    suites = [read] if isinstance(read, junitparser.TestSuite) else list(read)
    return [case for suite in suites for case in suite]


def totals(path: Path) -> dict[str, int]:
    """Cases by how they ended: `passed`, `failure`, `error` or `skipped`."""
    counts = Counter({"passed": 0, "failure": 0, "error": 0, "skipped": 0})
    for case in cases(path):
        ends = [type(result).__name__.lower() for result in case.result]
        counts[ends[0] if ends else "passed"] += 1
    return dict(counts)


def said(path: Path) -> dict[str, int]:
    """What the suites say of themselves."""
    read = junitparser.JUnitXml.fromfile(str(path))
    counts = Counter({"tests": 0, "failures": 0, "errors": 0})
    for suite in read:
        for name in counts:
            counts[name] += getattr(suite, name)
    return dict(counts)
