"""Paths of SOL 003's VNF Fault Management interface below ``/vnffm/v1/``."""

from __future__ import annotations

from django.urls import path

from fed_common.alarms.vnffm import views

urlpatterns = [
    path("api_versions", views.ApiVersions.as_view()),
    path("alarms", views.Alarms.as_view()),
    path("alarms/<uuid:alarm_id>", views.OneAlarm.as_view()),
    path("subscriptions", views.Subscriptions.as_view()),
    path("subscriptions/<uuid:subscription_id>", views.OneSubscription.as_view()),
]
