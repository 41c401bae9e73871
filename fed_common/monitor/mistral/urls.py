"""Paths of the Mistral-compatible read face below ``/openstack/``."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
