"""Django's name for this room."""

from django.apps import AppConfig


class FaultsConfig(AppConfig):
    """The room faults."""

    name = "fed_common.faults"
    label = "faults"
