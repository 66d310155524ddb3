#!/usr/bin/env bash
# A nightly audit from any machine with a role: cron, a systemd timer, an ECS or Kubernetes job.
# Keeps every night's sealed evidence, each naming the one before it.
#
#   TRAILAUDIT_ROLE_NAME=trailaudit EVIDENCE=/srv/evidence SIGNING_KEY=/etc/trailaudit/key.pem scheduled.sh
set -euo pipefail

: "${EVIDENCE:?the folder that keeps the bundles}" "${SIGNING_KEY:?the ed25519 key to sign with}"
trailaudit="${TRAILAUDIT:-trailaudit}"
night="$(date -u +%Y-%m-%dT%H%M%SZ)"
previous="$(find "$EVIDENCE" -maxdepth 1 -name '*.tar.zst' | sort | tail -n 1)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Its exit code is the night's: 0 clean, 1 findings, 3 an incomplete scan. INVENTORY: scan a saved one instead of AWS.
code=0
if [ -z "${INVENTORY:-}" ]; then
    INVENTORY="$work/inventory.jsonl.zst"
    "$trailaudit" scan --verify-digests --since 25h --save-inventory "$INVENTORY" -f text || code=$?
else
    "$trailaudit" scan --inventory "$INVENTORY" -f text || code=$?
fi
# Anything else is no verdict: there is nothing to seal.
case "$code" in 0 | 1 | 3) ;; *) exit "$code" ;; esac

arguments=(evidence create --inventory "$INVENTORY" --sign "$SIGNING_KEY" --output "$EVIDENCE/$night.tar.zst")
if [ -n "$previous" ]; then
    arguments+=(--previous "$previous")
fi
"$trailaudit" "${arguments[@]}"
exit "$code"
