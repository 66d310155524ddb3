"""Inventory files as a stranger would change them: JSON Lines with a header first and a trailer last."""

import json
from pathlib import Path

# Fields that hold what somebody typed. Names of buckets, keys and the like are parts of ARNs: not these.
FREE_TEXT = {"description", "detail", "message", "tags"}
NAMED_BY_PEOPLE = {"account", "policies", "roles", "trail", "units", "users"}

HOSTILE = {
    "cdata end": "a ]]> b",
    "escape": "\x1b[2J\x1b]0;title\x07 red \x9b31m",
    "null": "a\x00b\x08\x7f",
    "right to left": "\u202egnp.exe\u202c \u2066x\u2069",
    "markup": "<script>alert(1)</script>\"'&amp;",
    "lines": "one\ntwo\r\nthree\u2028four",
    "formula": '=HYPERLINK("http://evil.example","x")',
    "markdown": "|x| `code` [link](javascript:alert(1)) ## head",
    "surrogates": "\ud83d alone \ufffe\uffff".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
}


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def write(path: Path, records: list[dict]) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf-8")
    return path


def hostile(records: list[dict], text: str) -> tuple[list[dict], int]:
    """The records with `text` added to whatever people type: names, descriptions, tags, error messages.
    And in how many places."""
    count = 0

    def changed(value, key: str, kind: str):
        nonlocal count
        if isinstance(value, list):
            return [changed(item, key, kind) for item in value]
        if isinstance(value, dict):
            kind = key if key in NAMED_BY_PEOPLE or key == "regions" else kind
            # Each tag, and what a fact wraps around them; not the names of the call that did not give any.
            wrapped = key == "tags" and "unknown" not in value
            return {n: changed(item, key if wrapped else n, kind) for n, item in value.items()}
        typed = key in FREE_TEXT or (key == "name" and kind in NAMED_BY_PEOPLE)
        if isinstance(value, str) and typed:
            count += 1
            return value + text
        return value

    return [{**record, "value": changed(record["value"], "", record["record"])} for record in records], count


def newer(records: list[dict]) -> list[dict]:
    """As a later release would write it: the schema of the header is ahead."""
    header = {**records[0], "value": {**records[0]["value"], "schema": records[0]["value"]["schema"] + 1}}
    return [header, *records[1:]]
