"""Paths of Aodh below ``/openstack/``."""

from __future__ import annotations

from django.urls import URLPattern, path

from fed_common.alarms.aodh import alarm_views, history_views, quota_views, root_views

urlpatterns: list[URLPattern] = [
    path("", root_views.versions),
    path("healthcheck", root_views.healthcheck),
    path("v2/alarms", alarm_views.Alarms.as_view()),
    path("v2/alarms/<str:alarm_id>", alarm_views.OneAlarm.as_view()),
    path("v2/alarms/<str:alarm_id>/state", alarm_views.State.as_view()),
    path("v2/alarms/<str:alarm_id>/history", history_views.History.as_view()),
    path("v2/query/alarms", history_views.AlarmQuery.as_view()),
    path("v2/query/alarms/history", history_views.HistoryQuery.as_view()),
    path("v2/quotas", quota_views.Quotas.as_view()),
    path("v2/quotas/<str:project_id>", quota_views.OneQuota.as_view()),
    path("v2/capabilities", root_views.Capabilities.as_view()),
    path("v2/capabilities/", root_views.Capabilities.as_view()),
    path("v2/metrics", root_views.Metrics.as_view()),
]
