"""The seeded organization for a look by hand: `python -m emulator --port 5000`, from the folder `tests`."""

import argparse
from contextlib import nullcontext
from threading import Event

from emulator.organization import ROLE, Organization
from emulator.server import Emulator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--as-shipped", action="store_true", help="moto without our corrections")
    parser.add_argument("--empty", action="store_true", help="no organization")
    options = parser.parse_args()
    with Emulator(options.port) as emulator:
        with emulator.as_shipped() if options.as_shipped else nullcontext():
            if not options.empty:
                Organization(emulator).build()
            print(f"export AWS_ENDPOINT_URL={emulator.url} AWS_REGION=us-east-1")
            print("export AWS_ACCESS_KEY_ID=AKIAMANAGEMENT AWS_SECRET_ACCESS_KEY=x")
            print(f"trailaudit scan --role-name {ROLE}", flush=True)
            try:
                Event().wait()
            except KeyboardInterrupt:
                pass


if __name__ == "__main__":
    main()
