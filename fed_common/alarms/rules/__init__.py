"""Rules are made, changed, deleted and set here, and nowhere else."""
