"""Paths of active alarms below ``/api/multicloud/v1/``."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
