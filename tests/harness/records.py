"""Records of CloudTrail, published ones and those that somebody made to do harm."""

import json
import re
from copy import deepcopy
from functools import cache
from pathlib import Path

from harness import tool

ROOT = tool.TARGET.parent
# What a terminal or a reader would act on: controls but tab and line feed, C1 controls, bidi marks, what has no width.
RAW = re.compile(
    "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
# What a runner of CI obeys where a line begins with it, or wherever it stands.
RUNNER = re.compile(r"(?m)^\s*::[a-z-]+|##\[|##vso\[|##teamcity\[|section_(start|end):")

TEXTS = {
    "escape": "\x1b[2J\x1b]0;title\x07 red \x9b31m",
    "null": "a\x00b\x08\x7f",
    "bidi": "\u202egnp.exe\u202c \u2066x\u2069 \u061c",
    "no width": "ad\u200bmin\u200d\ufeff\u2060\u00ad\U000e0041",
    "markup": "</td></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;",
    "lines": "one\ntwo\r\nthree\u2028four\x85five",
    "github": "\n::set-output name=x::y\n::error::z\n##[group]a",
    "azure": "##vso[task.setvariable variable=x]y",
    "gitlab": "section_start:1:x\r\x1b[0K",
    "formula": '=HYPERLINK("http://evil.example","x")',
    "formula 2": "@SUM(1+1)*cmd|' /C calc'!A0",
    "markdown": "|x| `code` [link](javascript:alert(1)) ## head",
    "surrogate": "\ud83d alone",
    "cdata": "a ]]> b",
}
WRONG = {"null": None, "number": 7, "huge": 10**400, "true": True, "list": [], "lists": [["x"], {}], "object": {}, "empty": "",
         "objects": {"items": {"items": [None]}, "x": {"y": 1}}}
# All of them, and what no text is.
HOSTILE = (*TEXTS, "long", "deep", "twice", *(f"wrong {it}" for it in WRONG))


@cache
def _published() -> tuple[str, ...]:
    lines = (ROOT / "tests/data/events/records.jsonl").read_text("utf-8").splitlines()
    return tuple(json.dumps(json.loads(line)["record"]) for line in lines)


def published(wanted=lambda record: True) -> list[dict]:
    return [record for record in map(json.loads, _published()) if wanted(record)]


def key_events() -> list[dict]:
    """A record for each key event that one record makes, by the cases of the checks."""
    cases = json.loads((ROOT / "checks/src/catalog/event/cases.json").read_text("utf-8"))
    base = {
        "eventVersion": "1.11",
        "eventTime": "2026-03-01T10:00:00Z",
        "eventType": "AwsApiCall",
        "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333",
        "sourceIPAddress": "198.51.100.1",
        "userAgent": "aws-cli/2",
        "eventCategory": "Management",
        "readOnly": False,
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE123456789",
            "arn": "arn:aws:iam::111122223333:user/alice",
            "accountId": "111122223333",
            "userName": "alice",
        },
    }
    return [
        {**deepcopy(base), **record, "eventID": f"{id} {number}"}
        for id, case in cases.items()
        for number, record in enumerate(case["fires"])
    ]


# What decides which key event a record is. With another value it is none: that is tried by itself.
KEPT = {"eventName", "eventSource", "type"}


def each(value, change, name: str = ""):
    """The value with every member that is no object changed, but for what decides which event it is."""
    if isinstance(value, dict):
        return {own: member if own in KEPT else each(member, change, own) for own, member in value.items()}
    if isinstance(value, list):
        return [each(element, change, name) for element in value]
    return change(value, name)


def hostile(kind: str) -> list:
    """Records of every key event, with this wherever somebody may write it. Text for what JSON libraries do not write."""
    some = key_events()
    if kind in TEXTS:
        text = TEXTS[kind]
        longer = [each(it, lambda v, name: f"{v}{text}" if isinstance(v, str) and name != "eventTime" else v) for it in some]
        # A formula acts at the beginning alone.
        before = [each(it, lambda v, name: f"{text}{v}" if isinstance(v, str) and name != "eventTime" else v) for it in some]
        whole = [{**it, name: text} for it in some[:1] for name in it]
        return longer + before + whole
    if kind == "long":
        big = "x<\x1b=" * (1 << 18)
        return [each(it, lambda v, name: big if name in ("userAgent", "arn") else v) for it in some[:2]] + [
            {**some[0], "requestParameters": {"name": big}},
            {**some[0], "eventName": big},
            {**some[0], "eventID": big},
        ]
    if kind == "deep":
        nested = "[" * 1000 + "]" * 1000
        members = '{"a":' * 1000 + "1" + "}" * 1000
        texts = []
        for deep in (nested, members):
            for name in ("requestParameters", "userIdentity", "responseElements", "eventName", "eventTime", "resources"):
                rest = {own: value for own, value in some[0].items() if own != name}
                texts.append(json.dumps(rest)[:-1] + f', "{name}": {deep}}}')
        return texts
    if kind == "twice":
        texts = []
        for it in some:
            for name, value in it.items():
                other = json.dumps(value if isinstance(value, dict) else "another")
                texts.append(json.dumps(it)[:-1] + f', "{name}": {other}}}')
        return texts
    value = WRONG[kind.removeprefix("wrong ")]
    # Each member of each record in turn, at every depth.
    return [changed for it in some for changed in turns(it, value)]


def turns(value: dict, wrong) -> list[dict]:
    """The value once for each of its members, with another value there."""
    made = []
    for name, member in value.items():
        made.append({**value, name: wrong})
        if isinstance(member, dict):
            made += [{**value, name: below} for below in turns(member, wrong)]
    return made


def text(record) -> str:
    return record if isinstance(record, str) else json.dumps(record)


def write(path: Path, records: list) -> Path:
    path.write_text('{"Records":[' + ",".join(map(text, records)) + "]}", "utf-8")
    return path


def raw(path: Path) -> list[str]:
    """What acts in a file, and where."""
    # The end of a line of CSV, by RFC 4180.
    content = path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    return [f"{it.group()!r} at {it.start()}: {content[max(0, it.start() - 40) : it.end() + 20]!r}" for pattern in (RAW, RUNNER) for it in pattern.finditer(content)][:5]
