"""Django's name for this room."""

from django.apps import AppConfig


class TopicsConfig(AppConfig):
    """The room topics."""

    name = "fed_common.topics"
    label = "topics"
