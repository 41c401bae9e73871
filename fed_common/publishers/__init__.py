"""Northbound sinks."""
