"""The pages of `events timeline`, `ask` and `detect` in a real browser: without scripts, dark, on paper, on a phone."""

import json

import pytest

from harness import page as html
from harness import records, tool
from harness.browser import CONTRAST, Browser

STOPPED = "00000000-0000-4000-8000-000000000012"
LEVELS = ["critical", "high", "medium", "low", "info"]
PAGES = {
    "timeline": ["timeline", "--demo"],
    "ask": ["ask", "--demo", "after", STOPPED],
    "tamper": ["ask", "--demo", "tamper"],
    "search": ["search", "--demo", "name = StopLogging"],
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Each page of the sample, and the same as JSON."""
    folder = tmp_path_factory.mktemp("pages")
    for name, words in PAGES.items():
        tool.run(folder, "events", *words, "-f", f"html={name}.html", "-f", f"json={name}.json").ended(3)
    formats = ["-f", "html=detect.html", "-f", "markdown=detect.md", "-f", "text=detect.txt", "-f", "json=detect.json"]
    tool.run(folder, "events", "detect", "--demo", *formats).ended(1)
    return folder


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium):
    """Whatever is done with a page, it asks for nothing and complains of nothing."""
    chromium.said(), chromium.asked()
    chromium.media()
    chromium.scripts(on=True)
    chromium.size(1440, 1000)
    yield chromium
    assert chromium.said() == []
    assert chromium.asked() == []


def told(demo, name: str) -> dict:
    return json.loads((demo / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", PAGES)
def test_it_is_html_that_needs_nothing(demo, name):
    assert html.problems(demo / f"{name}.html") == []
    assert not list(html.tree(demo / f"{name}.html", []).iter("script"))


def test_the_timeline_tells_all_without_scripts(demo, browser):
    browser.scripts(on=False)
    browser.open(demo / "timeline.html")
    answer = told(demo, "timeline")
    assert browser.count("li.episode") == len(answer["episodes"])
    assert browser.count("li.hole") == len(answer["holes"])
    items = [it["name"] for episode in answer["episodes"] for it in episode["items"]]
    assert sorted(browser.texts("li.episode td:nth-child(2)")) == sorted(items)
    # Every hole says what made it, or that nothing in the logs tells.
    causes = browser.texts("li.hole p:last-child")
    assert all(it.startswith("Cause: ") for it in causes)
    assert any("StopLogging" in it for it in causes)


def test_key_events_are_listed_by_severity(demo, browser):
    browser.open(demo / "timeline.html")
    levels = [it.lower() for it in browser.texts("h3.severity")]
    assert levels == [it for it in LEVELS if it in levels] and len(levels) >= 3
    # The severity is that of the finding of `detect`.
    findings = {(f["check"], f["severity"]) for f in told(demo, "detect")["findings"] if f["status"] == "fail"}
    shown = {(it, level) for level in levels for it in browser.texts(f"ul.keys.{level} b")}
    logs = {it for it in findings if it[0] in ("event-log-altered", "event-log-planted")}
    assert findings - logs <= shown
    assert ("event-trail-logging-stopped", "critical") in shown


def test_the_answer_comes_first(demo, browser):
    browser.open(demo / "ask.html")
    asked = told(demo, "ask")["asked"]
    assert browser.texts("h1") == [f"CloudTrail logs: after {STOPPED}"]
    assert asked["answer"] in browser.texts("p.answer")[0]
    assert asked["search"] in browser.texts("header code")
    assert browser.count("table.records tbody tr") == told(demo, "ask")["total"]
    browser.open(demo / "tamper.html")
    proofs = browser.texts("table.records td.proof")
    assert proofs and set(proofs) <= {"verified", "version"} | {it for it in proofs if it.startswith(("unverified", "altered", "unlisted"))}


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_off_at_any_size(demo, browser, name):
    browser.open(demo / f"{name}.html")
    for width in (1440, 1024, 400):
        browser.size(width, 900)
        wide = browser.run("return document.documentElement.scrollWidth")
        assert wide <= width, f"{wide} at {width}"
        assert len(browser.shot(f"{name}-{width}")) > 5_000


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(demo, browser, name, scheme):
    browser.media(scheme=scheme)
    browser.open(demo / f"{name}.html")
    ground = browser.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert max(ground) < 60 if scheme == "dark" else min(ground) > 200
    assert browser.run(CONTRAST) == []
    browser.shot(f"{name}-{scheme}")


@pytest.mark.parametrize("name", PAGES)
def test_on_paper(demo, browser, name):
    """Dark readers print on white paper, and nothing runs over its edge."""
    browser.size(704, 1000)
    browser.media(media="print", scheme="dark")
    browser.open(demo / f"{name}.html")
    assert browser.run("return document.documentElement.scrollWidth") <= 704
    assert browser.run(CONTRAST) == []
    ground = browser.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert min(ground) > 200
    assert browser.pdf().startswith(b"%PDF")


def test_hostile_records_do_nothing(browser, tmp_path):
    text = records.TEXTS["markup"]
    some = [records.each(it, lambda v, name: f"{v}{text}" if isinstance(v, str) and name != "eventTime" else v) for it in records.key_events()]
    records.write(tmp_path / "log.json", some)
    tool.run(tmp_path, "events", "timeline", "log.json", "-f", "html=timeline.html").ended(3)
    tool.run(tmp_path, "events", "ask", "log.json", "who-changed", text, "-f", "html=none.html").ended(3)
    tool.run(tmp_path, "events", "search", "log.json", "-f", "html=search.html").ended(3)
    for name in ("timeline", "none", "search"):
        browser.open(tmp_path / f"{name}.html")
        assert browser.count("img") == 0
        assert browser.run("return document.querySelectorAll('script, img, iframe').length") == 0, name
        assert html.problems(tmp_path / f"{name}.html") == []
    assert browser.count("table.records tbody tr") == len(some)


def test_reports_of_events_leave_the_five_questions_out(demo, browser, tmp_path):
    """They were no part of the run: they are not told as not evaluated."""
    browser.open(demo / "detect.html")
    assert browser.texts("h1") == ["Key events in CloudTrail logs"]
    assert browser.count(".answer") == browser.count(".trust") == 0
    assert "event-trail-logging-stopped" in browser.texts("details.check h3 .id")
    for name in ("detect.html", "detect.md", "detect.txt"):
        words = (demo / name).read_text("utf-8").lower()
        assert "can this record be trusted" not in words and "can this cloudtrail record be trusted" not in words, name
    # With the questions in the run, they are there.
    tool.run(tmp_path, "scan", "--demo", "--events", "-f", "html=scan.html", "-f", "markdown=scan.md").ended(1)
    browser.open(tmp_path / "scan.html")
    assert browser.count(".answer") == 5
    assert "Can this record be trusted? NO" in (tmp_path / "scan.md").read_text("utf-8")
