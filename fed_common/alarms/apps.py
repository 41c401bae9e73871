"""Django's name for this room."""

from django.apps import AppConfig


class AlarmsConfig(AppConfig):
    """The room alarms."""

    name = "fed_common.alarms"
    label = "alarms"
