"""Paths that ask a cloud what happened, below ``/api/multicloud/v0/`` and ``v1/``."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
