"""What exists: the clouds."""
