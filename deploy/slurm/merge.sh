#!/bin/bash
#SBATCH --job-name=trailaudit-merge
#SBATCH --cpus-per-task=1
#SBATCH --mem=4G
#SBATCH --time=02:00:00
#SBATCH --output=trailaudit-merge-%j.log
# One inventory of all shards. Without --allow-missing nothing is written while a shard is missing: exit code 3.
exec trailaudit shard merge --run "$RUN" --output "$OUTPUT"
