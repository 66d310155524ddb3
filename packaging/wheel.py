"""The Python wheel of a static binary: packaging/wheel.py BINARY FOLDER VERSION

It holds the binary of the archive, not another build of it, and the same binary gives the same bytes. There is no Python
in it: `pip` puts the binary among the scripts.
"""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A static binary needs no C library of either kind.
PLATFORMS = ["manylinux2014_x86_64", "musllinux_1_2_x86_64"]
# What a zip file can hold at the earliest: no time of this machine.
TIME = (1980, 1, 1, 0, 0, 0)
METADATA = """\
Metadata-Version: 2.4
Name: trailaudit
Version: {version}
Summary: Tells an organization whether it can trust its AWS CloudTrail logs
Keywords: aws,cloudtrail,audit,security,compliance
Classifier: Environment :: Console
Classifier: Operating System :: POSIX :: Linux
Classifier: Topic :: Security
Classifier: Topic :: System :: Logging
License-Expression: Apache-2.0
License-File: LICENSE
Requires-Python: >=3.8
Project-URL: Source, https://github.com/trailaudit/trailaudit
Description-Content-Type: text/markdown

"""


def main(binary: str, folder: str, version: str) -> None:
    info = f"trailaudit-{version}.dist-info"
    tags = "".join(f"Tag: py3-none-{it}\n" for it in PLATFORMS)
    files = {
        f"trailaudit-{version}.data/scripts/trailaudit": Path(binary).read_bytes(),
        f"{info}/METADATA": METADATA.format(version=version).encode() + (ROOT / "README.md").read_bytes(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: trailaudit\nRoot-Is-Purelib: false\n{tags}".encode(),
        f"{info}/licenses/LICENSE": (ROOT / "LICENSE").read_bytes(),
    }
    record = "".join(f"{name},sha256={digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    path = Path(folder) / f"trailaudit-{version}-py3-none-{'.'.join(PLATFORMS)}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o100755 if "/scripts/" in name else 0o100644) << 16
            wheel.writestr(entry, data)
    print(path)


def digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
