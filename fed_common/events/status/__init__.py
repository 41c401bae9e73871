"""What is up with the VMs of one cloud: asked of the cloud now, and remembered of those that are gone."""
