"""The table of active alarms."""
