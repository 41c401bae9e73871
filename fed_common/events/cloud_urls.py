"""Paths that ask a cloud what is up, below ``/api/multicloud/v0/`` and ``v1/``; a slash at the end is allowed."""

from __future__ import annotations

from django.urls import URLPattern, re_path

from fed_common.events.status import views

V0, V1 = r"^v0/(?P<vim_id>[^/]+)", r"^v1/(?P<cloud_owner>[^/]+)/(?P<cloud_region_id>[^/]+)"

urlpatterns: list[URLPattern] = []
for vim in (V0, V1):
    urlpatterns += [
        re_path(rf"{vim}/check_vim_status/?$", views.check_vim_status),
        re_path(rf"{vim}/events_check/?$", views.events_check),
    ]
