"""Inventory files as a stranger would change them: JSON Lines with a header first and a trailer last."""

import json
from pathlib import Path

# Fields that hold what somebody typed. Names of buckets, keys and the like are parts of ARNs: not these.
FREE_TEXT = {"alias", "description", "detail", "display_name", "message"}
NAMED_BY_PEOPLE = {"account", "accounts", "organization", "organizational_unit", "ou", "policies", "policy"}

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
        if isinstance(value, dict):
            if key == "tags":
                return {name: changed(tag, "tag", kind) for name, tag in value.items()}
            inner = key if key in NAMED_BY_PEOPLE else kind
            return {name: changed(item, name, inner) for name, item in value.items()}
        if isinstance(value, list):
            return [changed(item, key, kind) for item in value]
        typed = key in FREE_TEXT or key in ("tag", "value") or (key == "name" and kind in NAMED_BY_PEOPLE)
        if isinstance(value, str) and typed:
            count += 1
            return value + text
        return value

    def record_kind(record: dict) -> str:
        tag = next((record[name] for name in ("record", "kind", "type") if isinstance(record.get(name), str)), "")
        return tag or next(iter(record), "")

    done = [changed(record, record_kind(record), record_kind(record)) for record in records]
    return done, count


def newer(records: list[dict]) -> list[dict]:
    """As a later release would write it: the schema of the header is far ahead."""

    def raised(value):
        if isinstance(value, int):
            return value + 1000
        return "".join("9" if c.isdigit() else c for c in value) + "999"

    header = json.loads(json.dumps(records[0]))
    holder = header if "schema" in header else next(v for v in header.values() if isinstance(v, dict) and "schema" in v)
    holder["schema"] = raised(holder["schema"])
    return [header, *records[1:]]
