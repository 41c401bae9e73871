"""Alarms: rules evaluated on the event itself, and the table of what is wrong now."""
