#!/bin/bash
#SBATCH --job-name=trailaudit-shard
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
#SBATCH --time=01:00:00
#SBATCH --requeue
#SBATCH --output=trailaudit-%A_%a.log
# One shard. Exit code 75 says that another attempt makes sense: it is requeued, three attempts in all.
trailaudit shard run --run "$RUN"
code=$?
if [ "$code" -eq 75 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 2 ]; then
    scontrol requeue "$SLURM_JOB_ID"
    # It ends here, when Slurm takes the job back.
    sleep 60
fi
exit "$code"
