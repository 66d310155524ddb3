"""Is it HTML? html5lib, which parses by the specification, says. And it needs nothing from outside."""

from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib

# Where a page may lead: the documentation of AWS and of Terraform, and MITRE ATT&CK.
DOCUMENTATION = ("https://docs.aws.amazon.com/", "https://developer.hashicorp.com/terraform/", "https://attack.mitre.org/techniques/")


def tree(path: Path, faults: list) -> Element:
    parser = html5lib.HTMLParser(html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    root = parser.parse(path.read_text("utf-8"))
    faults += [f"line {at[0]}: {code} {more}" for at, code, more in parser.errors]
    return root


def problems(path: Path) -> list[str]:
    faults: list[str] = []
    for node in tree(path, faults).iter():
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            address = node.get(name, "") if isinstance(node.tag, str) else ""
            # A reader may follow a link to documentation; nothing is fetched for it.
            followed = node.tag == "a" and name == "href" and address.startswith(DOCUMENTATION)
            if address and not address.startswith(("#", "data:")) and not followed:
                faults.append(f"{node.tag} {name}={address}")
        if isinstance(node.tag, str) and any(name.startswith("on") for name in node.keys()):
            faults.append(f"{node.tag} has a handler")
    if len(list(tree(path, []).iter("script"))) > 1:
        faults.append("more than one script")
    return faults


def totals(path: Path) -> dict:
    told = {n.get("data-total"): int(n.text.replace(",", "")) for n in tree(path, []).iter() if n.get("data-total")}
    return {
        "pass": told["pass"],
        # The page tells open and waived ones apart.
        "fail": told["fail"] + told["waived"],
        "waived": told["waived"],
        "unknown": told["unknown"],
        "not_applicable": told["na"],
    }
