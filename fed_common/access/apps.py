"""Django's name for this room."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The room access."""

    name = "fed_common.access"
    label = "access"
