"""SNMP: traps and informs of our own MIB."""
