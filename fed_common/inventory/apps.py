"""Django's name for this room."""

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """The room inventory."""

    name = "fed_common.inventory"
    label = "inventory"
