#!/bin/bash
#SBATCH --job-name=stopcopy
#SBATCH --array=1-4
#SBATCH --cpus-per-task=4
# A sweep divided among the tasks of an array, in a folder that all nodes see. When all have ended:
#   npx stopcopy merge shards/*.shard --json > sweep.json
set -euo pipefail
JOB=${JOB:-plan vfs-per-vm --no-tornado --sweep vm.vcpus=8,16,32,64 --sweep vm.stream.gigabitsPerSecond=10,25,100}
mkdir -p shards
npx stopcopy $JOB --threads "${SLURM_CPUS_PER_TASK:-4}" \
  --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --shard-out "shards/$SLURM_ARRAY_TASK_ID.shard"
