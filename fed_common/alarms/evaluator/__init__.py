"""Events in, transitions of rules out: each exactly once."""
