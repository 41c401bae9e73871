"""The worker: owns shards of targets, probes them, reports what changed and nothing else."""
