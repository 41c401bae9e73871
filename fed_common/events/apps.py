"""Django's name for this room."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """The room events."""

    name = "fed_common.events"
    label = "events"
