"""Tacker's own path of alarm URLs."""

from __future__ import annotations

from django.urls import path

from fed_common.monitor.alarm_views import AlarmUrl

urlpatterns = [path("v1.0/vnfs/<str:vnf>/<str:trigger>/<str:action>/<str:key>", AlarmUrl.as_view())]
