"""What packaging/build.sh has built, used as its users would: each in a clean root or environment, without Rust.

`.ci/full packaging` builds it and runs this; TRAILAUDIT_DIST is the folder.
"""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

DIST = Path(os.environ.get("TRAILAUDIT_DIST", "dist"))
ROOT = Path(__file__).parent.parent
LIMIT = 60_000_000
# It is for root, and not on everybody's path.
CHROOT = [*([] if os.geteuid() == 0 else ["/usr/bin/sudo", "-n"]), "/usr/sbin/chroot"]


def only(pattern: str) -> Path:
    (found,) = DIST.glob(pattern)
    return found


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Both archives."""
    folder = tmp_path_factory.mktemp("archives")
    for archive in DIST.glob("*.tar.gz"):
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    return folder


def binary(unpacked: Path, name: str) -> Path:
    (found,) = [it for it in unpacked.glob("*/*") if it.name == name]
    return found


def scan_of_sample(*command, **how) -> str:
    """The sample has failures: exit 1, and a report."""
    done = subprocess.run([*map(str, command), "scan", "--demo"], capture_output=True, text=True, timeout=120, **how)
    assert done.returncode == 1, done.stderr
    assert "CAN THIS RECORD BE TRUSTED? NO" in done.stdout
    return done.stdout


def test_sums_are_those_of_the_files():
    lines = (DIST / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(sums) == {it.name for it in DIST.iterdir()} - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert sha256((DIST / name).read_bytes()).hexdigest() == digest, name


def test_binaries_are_static_and_small(unpacked):
    for name in ("trailaudit", "trailaudit-offline"):
        path = binary(unpacked, name)
        assert path.stat().st_size <= LIMIT
        said = subprocess.run(["ldd", path], capture_output=True, text=True)
        assert "statically linked" in said.stdout + said.stderr or "not a dynamic executable" in said.stdout + said.stderr
        # No path of the machine that built it.
        assert os.fsencode(Path.home() / ".cargo") not in path.read_bytes()
        assert os.fsencode(ROOT) not in path.read_bytes()


def test_a_binary_in_an_empty_root(unpacked, tmp_path):
    """Nothing else is there: no libraries, no files, no shell."""
    for name in ("trailaudit", "trailaudit-offline"):
        root = tmp_path / name
        (root / "tmp").mkdir(parents=True)
        shutil.copy(binary(unpacked, name), root / "t")
        scan_of_sample(*CHROOT, root, "/t", env={})


def test_offline_has_no_network_code(unpacked):
    path = binary(unpacked, "trailaudit-offline")
    done = subprocess.run([path, "scan"], capture_output=True, text=True, env={})
    assert done.returncode == 2 and "cannot ask AWS" in done.stderr
    bytes_of = path.read_bytes()
    for word in (b"hyper::client", b"rustls", b"aws_sdk_s3", b"x-amz-security-token"):
        assert word not in bytes_of, word
        assert word in binary(unpacked, "trailaudit").read_bytes() or word == b"hyper::client", word


def test_the_archive_has_pages_and_completions(unpacked):
    (folder,) = [it for it in unpacked.iterdir() if not it.name.startswith("trailaudit-offline")]
    assert {"README.md", "LICENSE", "CHANGELOG.md", "man", "completions"} <= {it.name for it in folder.iterdir()}
    assert (folder / "man/trailaudit-scan.1").read_text().startswith(".ie")
    done = subprocess.run(["bash", "-n", folder / "completions/trailaudit.bash"], capture_output=True)
    assert done.returncode == 0


def test_the_wheel_in_a_clean_environment(tmp_path):
    wheel = only("*.whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "v"], check=True)
    install = [tmp_path / "v/bin/pip", "install", "--quiet", "--no-index", wheel]
    subprocess.run(install, check=True)
    # Neither Rust nor anything else on the path.
    scan_of_sample("trailaudit", env={"PATH": str(tmp_path / "v/bin")})
    with zipfile.ZipFile(wheel) as it:
        meta = it.read(next(name for name in it.namelist() if name.endswith("METADATA"))).decode()
    assert re.search(r"^Name: trailaudit$", meta, re.MULTILINE) and "License-Expression: Apache-2.0" in meta


def test_the_wheel_has_the_binary_of_the_archive(unpacked):
    with zipfile.ZipFile(only("*.whl")) as it:
        (name,) = [name for name in it.namelist() if name.endswith("/scripts/trailaudit")]
        assert sha256(it.read(name)).hexdigest() == sha256(binary(unpacked, "trailaudit").read_bytes()).hexdigest()


def layout(folder: Path) -> tuple[Path, dict, dict]:
    """The image: its layout, its manifest and its configuration."""
    with tarfile.open(only("*-oci.tar")) as tar:
        tar.extractall(folder, filter="data")
    blob = lambda it: folder / "blobs" / it["digest"].replace(":", "/")
    (entry,) = json.loads((folder / "index.json").read_text())["manifests"]
    manifest = json.loads(blob(entry).read_text())
    return folder, manifest, json.loads(blob(manifest["config"]).read_text())


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return layout(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def root(image, tmp_path_factory):
    """The file system of the image, with its owners."""
    folder, manifest, _ = image
    root = tmp_path_factory.mktemp("root")
    for layer in manifest["layers"]:
        packed = (folder / "blobs" / layer["digest"].replace(":", "/")).read_bytes()
        (root.parent / "layer.tar").write_bytes(gzip.decompress(packed))
        subprocess.run(["tar", "-xpf", root.parent / "layer.tar", "-C", root], check=True)
    # The folder of the test itself is its owner's alone.
    for it in (root, *root.parents):
        if str(it).startswith("/tmp/"):
            it.chmod(0o755)
    return root


def test_the_image_says_what_it_is(image):
    _, _, config = image
    assert config["config"]["User"] == "65532:65532"
    assert config["config"]["Entrypoint"] == ["/usr/bin/trailaudit"]
    assert config["config"]["Volumes"] == {"/tmp": {}}
    labels = config["config"]["Labels"]
    for name in ("source", "revision", "licenses", "version"):
        assert labels[f"org.opencontainers.image.{name}"]
    assert (config["architecture"], config["os"]) == ("amd64", "linux")


def test_the_image_holds_nothing_else(root, unpacked):
    files = sorted(str(it.relative_to(root)) for it in root.rglob("*") if it.is_file())
    assert files == ["etc/group", "etc/passwd", "etc/ssl/certs/ca-certificates.crt", "usr/bin/trailaudit"]
    assert (root / "usr/bin/trailaudit").read_bytes() == binary(unpacked, "trailaudit").read_bytes()
    assert (root / "tmp").stat().st_mode & 0o7777 == 0o1777


def test_the_image_runs_as_its_user(root):
    """Its file system under chroot as 65532, where nothing but /tmp can be written."""
    command = [*CHROOT, "--userspec=65532:65532", root, "/usr/bin/trailaudit"]
    scan_of_sample(*command, env={"HOME": "/tmp"})
    store = [*command, "collect", "--demo", "--output"]
    assert subprocess.run([*store, "/tmp/org.jsonl.zst"], capture_output=True, env={}).returncode == 0
    assert subprocess.run([*store, "/org.jsonl.zst"], capture_output=True, env={}).returncode == 4


def test_the_same_binary_gives_the_same_image(unpacked, tmp_path):
    """Another build of the image, somewhere else: the same bytes."""
    _, _, config = layout(tmp_path / "first")
    labels = config["config"]["Labels"]
    again = tmp_path / "again.tar"
    version, revision = (labels[f"org.opencontainers.image.{it}"] for it in ("version", "revision"))
    epoch = subprocess.run(["date", "--date", config["created"], "+%s"], capture_output=True, text=True, check=True).stdout
    build = [ROOT / "packaging/image.sh", binary(unpacked, "trailaudit"), again, version, revision]
    subprocess.run(build, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": epoch.strip()}, capture_output=True)
    assert sha256(again.read_bytes()).hexdigest() == sha256(only("*-oci.tar").read_bytes()).hexdigest()


def test_the_sbom_lists_what_is_in_the_binary():
    sbom = json.loads(only("*.cdx.json").read_text())
    assert sbom["bomFormat"] == "CycloneDX"
    names = {it["name"] for it in sbom["components"]}
    assert {"aws-sdk-s3", "rustls", "serde_json", "ring", "trailaudit-checks"} <= names
    assert len(names) > 150
    # Of the program, not of its tests.
    assert "insta" not in names
