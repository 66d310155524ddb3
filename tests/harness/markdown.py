"""A Markdown page as GitHub's own parser shows it: what links, mentions, or is markup that we did not write."""

import re
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm
from cmarkgfm.cmark import Options

# A comment's limit, in characters; in bytes nobody can count more.
LIMIT = 65_536
TAGS = {"ol", "blockquote", "code", "details", "h2", "h3", "li", "p", "span", "strong", "summary", "ul"}
TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
# GitHub looks for these in the text that is shown, but not in code: no escape of Markdown stops it.
ACTS = re.compile(r"@\w|#\d|\bGH-\d|https?://|www\.|\$\S")


class Page(HTMLParser):
    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self._code = set(), [], 0
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self._code += tag == "code"

    def handle_endtag(self, tag):
        self._code -= tag == "code"

    def handle_data(self, data):
        if not self._code:
            self.texts.append(data)


def html(path: Path) -> str:
    extensions = ["table", "autolink", "strikethrough", "tagfilter", "tasklist"]
    return cmarkgfm.markdown_to_html_with_extensions(
        path.read_text("utf-8"), Options.CMARK_OPT_UNSAFE, extensions
    )


def problems(path: Path) -> list[str]:
    page = Page(html(path))
    wrong = [f"tag {tag}" for tag in sorted(page.tags - TAGS - TABLE)]
    wrong += [f"acts: {text[:80]!r}" for text in page.texts if ACTS.search(text)]
    if len(path.read_bytes()) > LIMIT:
        wrong.append(f"{len(path.read_bytes())} bytes")
    return wrong


def totals(path: Path) -> dict:
    """The table at the top."""
    row = next(line for line in path.read_text("utf-8").splitlines() if re.match(r"\| [\d,]+ \|", line))
    numbers = [int(cell.replace(",", "")) for cell in row.strip("| ").split(" | ")]
    return dict(zip(("pass", "fail", "waived", "unknown", "not_applicable"), numbers, strict=True))
