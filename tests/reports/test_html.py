"""The page of the demo in a real browser: what people see, with scripts and without, on screen and on paper."""

import csv
import io
import json

import pytest
from harness import inventory, tool
from harness.browser import CONTRAST, Browser

QUESTIONS = ["RECORDED", "DELIVERED", "UNALTERED", "GUARDED", "WATCHED"]
STATUSES = {"fail": "fail", "unknown": "unknown", "pass": "pass", "not_applicable": "na"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    return tool.run(folder, "scan", "--demo", "-f", "html=page.html", "-f", "json=audit.json").ended(1)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def page(demo, browser):
    """The page, freshly opened. Whatever a test does to it, it asks for nothing and complains of nothing."""
    browser.said(), browser.asked()
    browser.media()
    browser.size(1440, 1000)
    browser.open(demo.folder / "page.html")
    yield browser
    assert browser.said() == []
    assert browser.asked() == []


def counts(demo) -> dict:
    summary = demo.json()["summary"]
    return {key: summary[status] for status, key in STATUSES.items()}


def shown(page) -> tuple[int, int]:
    """How many findings the filter says are shown, and of how many."""
    # What is not on the screen has no text for people yet. On a busy machine the filter comes late.
    for _ in range(20):
        text = page.run("return document.querySelector('#filtered').textContent")
        if words := text.replace(",", "").split():
            break
        settle(page)
    return int(words[1]), int(words[3])


def choose(page, name: str, value: str) -> None:
    page.run(
        """const field = document.querySelector(`#filter [name="${arguments[0]}"]`);
        field.value = arguments[1];
        field.dispatchEvent(new Event("input", {bubbles: true}));""",
        name,
        value,
    )
    settle(page)


def tick(page, status: str) -> None:
    page.click(f"#filter input[value={status}]")
    settle(page)


def settle(page) -> None:
    """The filter waits for the end of typing."""
    page.driver.execute_async_script("setTimeout(arguments[0], 250)")


def test_the_five_answers_come_first(page, demo):
    assert page.texts("h1") == ["Can this CloudTrail record be trusted?"]
    assert page.texts(".answer h2") == QUESTIONS
    assert page.texts(".trust") == ["✕ No."]
    said = page.texts(".answer .said")
    assert all(word.split(" ", 1)[1] in ("Yes", "No", "Cannot tell", "Not evaluated") for word in said), said
    for key, count in counts(demo).items():
        assert page.texts(f"[data-total={key}]") == [f"{count:,}"], key


def test_every_account_region_and_check_is_there(page, demo):
    audit = demo.json()
    assert page.count("#map-table tbody tr") == len(audit["coverage"]["accounts"])
    regions = {region["region"] for region in audit["coverage"]["regions"]}
    assert set(page.texts("#map-table thead .turned")[1:]) == regions
    assert page.count("details.check") == len(audit["checks"])


@pytest.mark.parametrize("key", STATUSES.values())
def test_a_filter_for_each_status(page, demo, key):
    tick(page, key)
    assert shown(page) == (counts(demo)[key], len(demo.json()["findings"]))
    marks = set(page.texts("details.check[open] tr.head .mark"))
    assert len(marks) <= 1, marks


def test_filters_together_and_back(page, demo):
    findings = demo.json()["findings"]
    tick(page, "fail")
    choose(page, "severity", "high")
    choose(page, "account", "444444444444")
    wanted = [
        f
        for f in findings
        if (f["status"], f["severity"], f["subject"]["account"]) == ("fail", "high", "444444444444")
    ]
    assert shown(page) == (len(wanted), len(findings))
    assert page.run("return location.hash") == "#findings?status=fail&severity=high&account=444444444444"
    page.click("#filter button[type=reset]")
    settle(page)
    assert page.texts("#filtered") == []
    assert page.count("details.check") == len(demo.json()["checks"])


def test_a_filter_is_kept_in_the_address(page, demo):
    page.open(demo.folder / "page.html", "#findings?status=unknown")
    settle(page)
    assert shown(page)[0] == counts(demo)["unknown"]


def test_a_cell_of_the_map_leads_to_its_findings(page, demo):
    findings = demo.json()["findings"]
    link = "#map-table a[href*='444444444444'][href*='region=eu-central-1']"
    page.click(link)
    settle(page)
    wanted = [
        f
        for f in findings
        if f["status"] in ("fail", "unknown")
        and "waiver" not in f
        and (f["subject"].get("account"), f["subject"].get("region")) == ("444444444444", "eu-central-1")
    ]
    assert wanted
    assert shown(page) == (len(wanted), len(findings))


def test_what_is_shown_can_be_saved_as_csv(page, demo):
    tick(page, "fail")
    # The bytes that the download would have.
    page.run(
        "window.saved = null; const make = URL.createObjectURL;"
        "URL.createObjectURL = (blob) => { blob.text().then((it) => { window.saved = it; }); return make(blob); };"
    )
    page.click("#csv")
    settle(page)
    rows = list(csv.DictReader(io.StringIO(page.run("return window.saved"))))
    assert sum(1 for _ in rows) > 0
    assert {row["status"] for row in rows} == {"fail"}
    checks = {f["check"] for f in demo.json()["findings"] if f["status"] == "fail" and "waiver" not in f}
    assert {row["check"] for row in rows} == checks
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "-", "@")]


def test_commands_can_be_copied(page):
    codes = page.run("return [...document.querySelectorAll('code + .copy')].map((it) => it.previousSibling.textContent)")
    assert codes
    assert all(code.startswith("aws ") for code in codes)


def test_region_and_search(page, demo):
    findings = demo.json()["findings"]
    choose(page, "region", "eu-west-3")
    assert shown(page)[0] == sum(f["subject"]["region"] == "eu-west-3" for f in findings)
    choose(page, "region", "")
    choose(page, "q", "trail-is-logging ORGANIZATION-TRAIL")
    assert shown(page)[0] >= 1
    assert page.texts("details.check h3 .id") == ["trail-is-logging"]
    choose(page, "q", "nothing has these words")
    assert shown(page)[0] == 0
    assert page.count("details.check") == 0


def test_a_link_unfolds_its_check(page):
    page.click("#fold")
    assert page.count("details.check[open]") == 0
    check = page.click(".answer .reasons a")
    settle(page)
    assert page.texts("details.check[open] h3 .id") == [check]


def test_long_tables_have_pages(page):
    page.click("#unfold")
    settle(page)
    longest = page.run(
        "return Math.max(...[...document.querySelectorAll('table.found')]"
        ".map(it => [...it.rows].filter(row => row.checkVisibility() && !row.matches('.head, thead *')).length))"
    )
    assert longest <= 50


def test_the_map_can_be_narrowed(page):
    field = page.driver.find_element("css selector", "form[data-for=map-table] input[type=search]")
    field.send_keys("444444")
    assert page.count("#map-table tbody tr") == 1
    field.clear()


def test_without_scripts_it_tells_the_same(page, demo):
    page.scripts(on=False)
    try:
        page.open(demo.folder / "page.html")
        assert page.texts(".answer h2") == QUESTIONS
        assert page.count("form") == 0, "a filter that does nothing"
        assert page.count("details.check") == len(demo.json()["checks"])
        before = page.count("details.check[open]")
        page.click("details.check:not([open]) > summary")
        assert page.count("details.check[open]") == before + 1
        rows = page.run(
            "return [...document.querySelectorAll('table.found tbody tr:not(.head)')]"
            ".reduce((sum, row) => sum + Number(row.dataset.n || 1), 0)"
        )
        assert rows == len(demo.json()["findings"])
    finally:
        page.scripts(on=True)


def test_nothing_is_cut_off_at_any_size(page):
    for width in (1440, 1024, 400):
        page.size(width, 900)
        wide = page.run("return document.documentElement.scrollWidth")
        assert wide <= width, f"{wide} at {width}"
        assert len(page.shot(f"width-{width}")) > 20_000


def test_dark_is_dark(page):
    ground = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    assert min(page.run(ground)) > 200
    page.media(scheme="dark")
    assert max(page.run(ground)) < 60
    page.shot("dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(page, scheme):
    """WCAG AA: 4.5 to 1 for every text, in both schemes."""
    page.media(scheme=scheme)
    assert page.run(CONTRAST) == []


def test_on_paper(page):
    page.size(704, 1000)
    page.media(media="print")
    assert page.count("nav") == page.count("form") == 0
    assert page.count("details.check.fail table.found tbody.fail") >= 10, "failures are folded on paper"
    assert page.texts(".on-paper") != []
    assert page.run("return document.documentElement.scrollWidth") <= 704, "cut off at the edge of the paper"
    assert len(page.shot("print")) > 20_000
    assert page.pdf().startswith(b"%PDF")


def test_hostile_text_does_nothing(page, tmp_path):
    tool.run(tmp_path, "collect", "--demo", "-o", "demo.jsonl").ended(0)
    records = inventory.read(tmp_path / "demo.jsonl")
    for kind, text in inventory.HOSTILE.items():
        changed, _ = inventory.hostile(records, text + '<img src="https://evil.example/x" onerror="alert(1)">')
        inventory.write(tmp_path / "hostile.jsonl", changed)
        tool.run(tmp_path, "scan", "--inventory", "hostile.jsonl", "-f", "html=hostile.html").ended(1)
        page.open(tmp_path / "hostile.html")
        assert page.count("img") == 0, kind
        assert page.run("return document.querySelectorAll('script').length") == 1, kind
        assert page.texts(".answer h2") == QUESTIONS, kind


def test_a_saved_audit_gives_the_same_page(demo):
    again = tool.run(demo.folder, "report", "audit.json", "-f", "html=again.html").ended(0)
    assert again.text("again.html") == demo.text("page.html")
    assert json.loads(demo.text("audit.json"))["findings"]


def test_the_browser_tells_what_a_page_asks_and_says(browser, tmp_path):
    """One that sees nothing proves nothing."""
    page = tmp_path / "bad.html"
    page.write_text("<img src='https://evil.example/x'><script>console.error('no'); nothing()</script>")
    browser.said(), browser.asked()
    browser.open(page)
    assert browser.asked() == ["https://evil.example/x"]
    assert len(browser.said()) >= 2
