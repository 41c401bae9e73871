"""Metrics, logs and redaction: the lowest room."""
