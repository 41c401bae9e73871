"""Clouds reached by polling."""
