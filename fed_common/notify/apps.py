"""Django's name for this room."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    """The room notify."""

    name = "fed_common.notify"
    label = "notify"
