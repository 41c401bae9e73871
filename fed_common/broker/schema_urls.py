"""Paths of the documents that describe the API."""

from __future__ import annotations

from django.urls import URLPattern, path

from fed_common.broker import schema_views

urlpatterns: list[URLPattern] = [
    path("api/schema", schema_views.schema),
    path("api/docs", schema_views.docs),
    path("api/multicloud/v0/swagger.json", schema_views.swagger_v0),
]
