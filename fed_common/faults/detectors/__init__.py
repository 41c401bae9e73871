"""Who finds out that a host failed."""
