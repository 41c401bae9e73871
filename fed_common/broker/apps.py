"""Django's name for this room."""

from django.apps import AppConfig


class BrokerConfig(AppConfig):
    """The room ``broker``."""

    name = "fed_common.broker"
    label = "broker"
