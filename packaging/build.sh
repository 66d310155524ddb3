#!/usr/bin/env bash
# Builds everything that is published into a folder (dist/): packaging/build.sh [FOLDER]
#
# A static binary, the same without network code (trailaudit-offline), a Python wheel, an OCI image without a daemon, an
# SBOM, and SHA256SUMS over all of it. What cannot be built on this machine is said, and left out. Needs Rust, Python
# with venv, and umoci for the image. The same commit gives the same bytes, the SBOM's serial number aside.
set -euo pipefail
cd "$(dirname "$0")/.."

out="$(realpath -m "${1:-dist}")"
target="${TARGET:-x86_64-unknown-linux-musl}"
version="$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)"
epoch="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}"
export SOURCE_DATE_EPOCH="$epoch"
revision="$(git rev-parse HEAD 2>/dev/null || echo unknown)"
tools="$PWD/target/packaging"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
umask 022

say() { printf '\n== %s s: %s\n' "$SECONDS" "$*"; }
missing() { printf 'NOT BUILT: %s\n' "$*"; }

say "tools into target/packaging"
if ! cmp -s packaging/requirements.txt "$tools/installed.txt"; then
    python3 -m venv --clear "$tools"
    "$tools/bin/pip" install --quiet --requirement packaging/requirements.txt
    cp packaging/requirements.txt "$tools/installed.txt"
fi
export PATH="$tools/bin:$PATH"

rm -rf "$out"
mkdir -p "$out"
# No path of this machine gets into a binary.
export RUSTFLAGS="--remap-path-prefix=$PWD=/trailaudit --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"

if ! rustup target list --installed 2>/dev/null | grep -qx "$target" && ! rustup target add "$target"; then
    missing "anything static: the target $target cannot be had here"
    exit 1
fi

build() { cargo zigbuild --locked --profile dist --target "$target" --bin trailaudit "$@"; }
built="${CARGO_TARGET_DIR:-target}/$target/dist/trailaudit"

say "trailaudit-offline: no network code in it"
build --no-default-features
cp "$built" "$work/trailaudit-offline"
say "trailaudit"
build
cp "$built" "$work/trailaudit"

# The same list of files, owners and times gives the same archive.
pack() { # FOLDER ARCHIVE
    tar --create --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --directory "$work" "$1" |
        gzip --no-name --best >"$2"
}

say "manual pages and completions"
mkdir -p "$work/share/man" "$work/share/completions"
"$work/trailaudit" man --output-dir "$work/share/man" >/dev/null
for shell in bash zsh fish; do "$work/trailaudit" completions "$shell" >"$work/share/completions/trailaudit.$shell"; done
for name in trailaudit trailaudit-offline; do
    folder="$name-$version-$target"
    mkdir "$work/$folder"
    cp "$work/$name" README.md LICENSE CHANGELOG.md "$work/$folder"
    [ "$name" = trailaudit ] && cp -r "$work/share/man" "$work/share/completions" "$work/$folder"
    pack "$folder" "$out/$folder.tar.gz"
done

say "wheel"
python3 packaging/wheel.py "$work/trailaudit" "$out" "$version"

say "image"
if command -v umoci >/dev/null; then
    packaging/image.sh "$work/trailaudit" "$out/trailaudit-$version-oci.tar" "$version" "$revision"
else
    missing "the image: umoci is not installed (apt-get install umoci)"
fi

say "SBOM"
if command -v cargo-cyclonedx >/dev/null || cargo install --quiet --locked --root "$tools" cargo-cyclonedx@0.5.9; then
    RUSTFLAGS='' cargo cyclonedx --format json --target "$target" --override-filename sbom --quiet
    mv sbom.json "$out/trailaudit-$version.cdx.json"
    rm -f checks/sbom.json reports/sbom.json
else
    missing "the SBOM: cargo-cyclonedx cannot be installed"
fi

(cd "$out" && sha256sum -- * >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" SHA256SUMS)
say "in $out"
(cd "$out" && stat --format '%12s  %n' -- *)
size="$(stat --format %s "$work/trailaudit")"
printf '%12s  trailaudit, unpacked (at most 60000000)\n%12s  trailaudit-offline, unpacked\n' \
    "$size" "$(stat --format %s "$work/trailaudit-offline")"
[ "$size" -le 60000000 ]
