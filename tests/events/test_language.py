"""`events search` finds what jq and DuckDB find, on published records, by expressions that were translated by hand."""

import json
from collections import Counter

import duckdb
import jq
import pytest

from expressions import EXPRESSIONS, JQ, SQL
from harness import tool

LINES = (tool.TARGET.parent / "tests/data/events/records.jsonl").read_text("utf-8").splitlines()
RECORDS = [json.loads(line)["record"] for line in LINES]


def names(value, at: str = "") -> list[tuple[str, str]]:
    """Every name, and that of the object it is in."""
    if isinstance(value, dict):
        return [pair for name, member in value.items() for pair in [(at, name), *names(member, name.lower())]]
    return [pair for element in value for pair in names(element, at)] if isinstance(value, list) else []


COUNTED = Counter(pair for record in RECORDS for pair in names(record))
USUAL = {(at, name.lower()): name for (at, name), _ in reversed(COUNTED.most_common())}


def usual(value, at: str = ""):
    """The value with each name in its most frequent spelling: names are compared without case, which the judges do not."""
    if isinstance(value, dict):
        once = len({name.lower() for name in value}) == len(value)
        spelled = {name: USUAL[at, name.lower()] if once else name for name in value}
        return {spelled[name]: usual(member, name.lower()) for name, member in value.items()}
    return [usual(element, at) for element in value] if isinstance(value, list) else value


JUDGED = [usual(record) for record in RECORDS]
PERMITTED = {"MIT", "Apache-2.0"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The records as lines, and as an object like those that CloudTrail delivers."""
    folder = tmp_path_factory.mktemp("records")
    texts = [json.dumps(record, ensure_ascii=False) for record in RECORDS]
    (folder / "records.jsonl").write_text("\n".join(texts), "utf-8")
    (folder / "log.json").write_text('{"Records":[' + ",".join(texts) + "]}", "utf-8")
    return folder


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The records in DuckDB."""
    file = tmp_path_factory.mktemp("duckdb") / "records.json"
    rows = ({"n": n, "r": record} for n, record in enumerate(JUDGED))
    file.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    db = duckdb.connect()
    db.execute(SQL)
    columns = "{n: 'INTEGER', r: 'JSON'}"
    db.execute(f"create table records as from read_json('{file}', format = 'newline_delimited', columns = {columns})")
    return db


def found(folder, file: str, expression: str, *more: str) -> list[dict]:
    """The records that a search gives. Nothing is verified of a file: 3."""
    run = tool.run(folder, "events", "search", file, expression, "-f", "jsonl", "--raw", *more).ended(3)
    return [json.loads(line)["record"] for line in run.out.splitlines()]


def in_any_order(records: list[dict]) -> list[str]:
    return sorted(json.dumps(record, sort_keys=True) for record in records)


def test_the_records_may_be_here_and_the_expressions_are_worth_it():
    assert {json.loads(line)["licence"] for line in LINES} <= PERMITTED
    assert len(EXPRESSIONS) >= 60
    assert len({expression for expression, _, _ in EXPRESSIONS}) == len(EXPRESSIONS)


@pytest.mark.parametrize("expression, by_jq, by_sql", EXPRESSIONS, ids=[it[0] for it in EXPRESSIONS])
def test_a_search_finds_what_others_find(files, table, expression, by_jq, by_sql):
    program = jq.compile(JQ + f"[{by_jq}] | any")
    wanted = [n for n, record in enumerate(JUDGED) if program.input_value(record).first()]
    if by_sql is not None:
        rows = table.execute(f"select n from records where {by_sql} order by n").fetchall()
        assert [n for (n,) in rows] == wanted, "jq and DuckDB differ: a translation is wrong"
    expected = in_any_order([RECORDS[n] for n in wanted])
    assert len(expected) < len(RECORDS), "the expression tells nothing apart"
    for file in ("records.jsonl", "log.json"):
        assert in_any_order(found(files, file, expression)) == expected
        assert in_any_order(found(files, file, expression, "--no-prefilter")) == expected
