"""Paths of active alarms below ``/api/multicloud/v1/``."""

from __future__ import annotations

from django.urls import path

from fed_common.alarms.table import views
from fed_common.alarms.table.stream import stream

urlpatterns = [
    path("alarms/active", views.ActiveAlarms.as_view()),
    path("alarms/active/<uuid:alarm_id>", views.OneAlarm.as_view()),
    path("alarms/active/<uuid:alarm_id>/acknowledge", views.Acknowledge.as_view()),
    path("alarms/active/<uuid:alarm_id>/unacknowledge", views.Unacknowledge.as_view()),
    path("alarms/active/<uuid:alarm_id>/clear", views.Clear.as_view()),
    path("alarms/active/<uuid:alarm_id>/comment", views.Comment.as_view()),
    path("alarms/changes", views.AlarmChanges.as_view()),
    path("alarms/stream", stream),
]
