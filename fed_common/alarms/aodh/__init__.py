"""Aodh's API, version 2, below ``/openstack/``."""
