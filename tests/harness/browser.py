"""Opens a page in headless Chromium that has neither a profile nor a network, and tells what it asked and said."""

import base64
import json
import shutil
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    # Whatever a page asked for would be found nowhere; that it asked is in the log.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)

# Texts whose contrast is below WCAG AA.
CONTRAST = """
const parse = (color) => color.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [.2126, .7152, .0722][at], 0);
const ground = (node) => {
    for (; node; node = node.parentElement) {
        const color = parse(getComputedStyle(node).backgroundColor);
        if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
};
const bad = new Set();
for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some(it => it.nodeType === 3 && it.data.trim());
    if (!own || !node.checkVisibility() || node.matches("script, style, option, .aside, .aside *")) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) bad.add(`${node.tagName}.${node.className}: ${ratio.toFixed(2)}`);
}
return [...bad];
"""


class Browser:
    """A page at desktop size. `folder` gets the empty profile and the screenshots."""

    def __init__(self, folder: Path):
        self.folder = folder
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}", "--window-size=1440,1000"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        # The tab that Chromium begins with is a page of its own, with requests of its own.
        first = self.driver.current_window_handle
        self.driver.switch_to.new_window("tab")
        fresh = self.driver.current_window_handle
        self.driver.switch_to.window(first)
        self.driver.close()
        self.driver.switch_to.window(fresh)

    def open(self, page: Path, fragment: str = "") -> None:
        self.driver.get("about:blank")
        self.driver.get(page.as_uri() + fragment)

    def run(self, script: str, *arguments):
        return self.driver.execute_script(script, *arguments)

    def texts(self, selector: str) -> list[str]:
        """The texts of what can be seen."""
        return self.run(
            "return [...document.querySelectorAll(arguments[0])]"
            # What is off the screen is laid out, and has no innerText, until somebody scrolls there.
            ".filter(it => it.checkVisibility()).map(it => it.innerText || it.textContent)",
            selector,
        )

    def count(self, selector: str) -> int:
        return len(self.texts(selector))

    def click(self, selector: str) -> str:
        """Clicks the first that fits, away from what sticks to the window's edges; gives its text."""
        element = self.driver.find_element("css selector", selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        text = element.text
        element.click()
        return text

    def media(self, **features: str) -> None:
        """`media="print"`, `scheme="dark"`."""
        scheme = [{"name": "prefers-color-scheme", "value": features.get("scheme", "light")}]
        self.command("Emulation.setEmulatedMedia", media=features.get("media", ""), features=scheme)

    def size(self, width: int, height: int) -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    def scripts(self, on: bool) -> None:
        self.command("Emulation.setScriptExecutionDisabled", value=not on)

    def shot(self, name: str, height: int = 3000) -> bytes:
        """The upper part of the whole page, as a PNG that is kept in the folder."""
        size = self.command("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], height), "scale": 1}
        taken = self.command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        image = base64.b64decode(taken["data"])
        (self.folder / f"{name}.png").write_bytes(image)
        return image

    def pdf(self) -> bytes:
        return base64.b64decode(self.command("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])

    def command(self, name: str, **arguments):
        return self.driver.execute_cdp_cmd(name, arguments)

    def said(self) -> list[str]:
        """The console since the last time."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def asked(self) -> list[str]:
        """The addresses that were asked for since the last time, but for the page itself."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [it["params"]["request"]["url"] for it in messages if it["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(("file:", "data:", "about:"))]

    def close(self) -> None:
        self.driver.quit()
