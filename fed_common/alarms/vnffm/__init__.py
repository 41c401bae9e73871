"""ETSI NFV-SOL 003's fault management, ``vnffm/v1``."""
