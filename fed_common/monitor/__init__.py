"""VNF and VIM health: targets, executors that probe them, conductors that decide and act."""
