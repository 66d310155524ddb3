"""What the tests share: the emulator, a seeded organization, and trailaudit itself."""

import pytest

from emulator.organization import Organization
from emulator.server import Emulator


@pytest.fixture(scope="session")
def emulator():
    with Emulator() as server:
        yield server


@pytest.fixture
def org(emulator):
    """The good organization, freshly made; requests are logged from here on."""
    emulator.reset()
    made = Organization(emulator).build()
    emulator.log.clear()
    return made
