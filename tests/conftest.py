"""What the tests share: the emulator, a seeded organization, and a scan of it."""

import pytest

from emulator.organization import Organization
from emulator.server import Emulator
from harness import tool
from harness.verdicts import CHECKS


@pytest.fixture(scope="session")
def emulator():
    with Emulator() as server:
        yield server


@pytest.fixture
def org(emulator):
    """The good organization, freshly made."""
    emulator.reset()
    return Organization(emulator).build()


@pytest.fixture
def scan(emulator, tmp_path):
    """Scans as the management account. The emulator's log then holds the scan's requests alone."""

    def go(*arguments, checks=CHECKS, url=emulator.url) -> tool.Run:
        emulator.log.clear()
        live = ["scan", "--role-name", tool.ROLE, "--check", *checks]
        return tool.run(tmp_path, *live, "-f", "json=audit.json", *arguments, **tool.credentials(url))

    return go
