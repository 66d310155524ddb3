#!/usr/bin/env bash
# The image of a static binary, from scratch and without a daemon: packaging/image.sh BINARY ARCHIVE VERSION REVISION
#
# Nothing is in it but the binary, certificates, a user and an empty /tmp. The same binary gives the same digest.
set -euo pipefail

binary="$1" archive="$2" version="$3" revision="$4"
epoch="${SOURCE_DATE_EPOCH:-0}"
created="$(date --utc --date="@$epoch" +%Y-%m-%dT%H:%M:%SZ)"
certificates="${CERTIFICATES:-/etc/ssl/certs/ca-certificates.crt}"
[ -s "$certificates" ] || { echo "packaging/image.sh: no $certificates; install ca-certificates" >&2; exit 1; }
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
umask 022

image="$work/layout:$version"
umoci init --layout "$work/layout"
umoci new --image "$image"
umoci unpack --rootless --image "$image" "$work/bundle"
root="$work/bundle/rootfs"
mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/tmp"
chmod 1777 "$root/tmp"
install -m 0755 "$binary" "$root/usr/bin/trailaudit"
install -m 0644 "$certificates" "$root/etc/ssl/certs/ca-certificates.crt"
printf 'trailaudit:x:65532:65532::/tmp:/sbin/nologin\n' >"$root/etc/passwd"
printf 'trailaudit:x:65532:\n' >"$root/etc/group"
find "$root" -exec touch --no-dereference --date="@$epoch" {} +
umoci repack --image "$image" --history.created="$created" --history.created_by=trailaudit "$work/bundle"
umoci config --image "$image" --created="$created" --history.created="$created" --history.created_by=trailaudit \
    --architecture=amd64 --os=linux --author=trailaudit \
    --config.user=65532:65532 --config.workingdir=/tmp --config.volume=/tmp \
    --config.entrypoint=/usr/bin/trailaudit --config.cmd=--help \
    --config.env=SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt --config.env=HOME=/tmp \
    --config.label=org.opencontainers.image.title=trailaudit \
    --config.label=org.opencontainers.image.source=https://github.com/trailaudit/trailaudit \
    --config.label=org.opencontainers.image.licenses=Apache-2.0 \
    --config.label=org.opencontainers.image.version="$version" \
    --config.label=org.opencontainers.image.revision="$revision"
umoci gc --layout "$work/layout"
tar --create --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --file "$archive" --directory "$work/layout" .
