"""Probing: one asyncio loop asks many thousands of targets. Knows no database and no bus."""
