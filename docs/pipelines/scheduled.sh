#!/usr/bin/env bash
# A nightly audit from any machine with a role: cron, a systemd timer, an ECS or Kubernetes job.
# Keeps every night's facts, verdict and signed evidence, each bundle naming the one before it.
#
#   TRAILAUDIT_ROLE_NAME=trailaudit STORE=/srv/audits SIGNING_KEY=/etc/trailaudit/key.pem scheduled.sh
#
# STORE is a folder or s3://BUCKET/PREFIX. Its exit code is the night's: 0 clean, 1 findings, 3 an incomplete scan.
set -euo pipefail

: "${STORE:?the folder or bucket that keeps the runs}" "${SIGNING_KEY:?the ed25519 key to sign with}"
exec "${TRAILAUDIT:-trailaudit}" nightly --store "$STORE" --sign "$SIGNING_KEY" "$@"
