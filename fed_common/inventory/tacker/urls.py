"""Paths of the Tacker-compatible face below ``/openstack/``."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
