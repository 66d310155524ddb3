#!/usr/bin/env bash
# A run in shards on Slurm: RUN=/shared/trailaudit/2026-12-01 OUTPUT=org.jsonl.zst submit.sh [flags of `shard plan`]
#
# Plans here, then submits an array with a job for each shard, and a job that merges when all of them have ended, well or
# not. RUN is a folder that every node sees, or s3://BUCKET/PREFIX; the credentials are those of the submitting shell.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
: "${RUN:?a shared folder, or s3://BUCKET/PREFIX}"
export RUN OUTPUT="${OUTPUT:-org.jsonl.zst}"

shards="$(trailaudit shard plan --run "$RUN" "$@")"
# AT_ONCE bounds how many run beside each other.
array="$(sbatch --parsable --array="0-$((shards - 1))${AT_ONCE:+%$AT_ONCE}" "$here/array.sh")"
merge="$(sbatch --parsable --dependency="afterany:$array" "$here/merge.sh")"
echo "submitted $shards shards as job $array, and the merge as job $merge"
