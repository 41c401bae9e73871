"""OpenStack clouds, polled."""
