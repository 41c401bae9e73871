"""Paths of the monitor below ``/openstack/``: Mistral's, with and without their version, and Tacker's events."""

from __future__ import annotations

from django.urls import include, path

from fed_common.monitor import tacker_events
from fed_common.monitor.mistral import views

_RESOURCES = [
    path("workflows", views.Workflows.as_view()),
    path("workflows/<str:key>", views.Workflows.as_view()),
    path("executions", views.Executions.as_view()),
    path("executions/<str:key>", views.Executions.as_view()),
    path("executions/<str:execution>/tasks", views.Tasks.as_view()),
    path("tasks", views.Tasks.as_view()),
    path("tasks/<str:key>", views.Tasks.as_view()),
]
urlpatterns = [
    path("v1.0/events", tacker_events.Events.as_view()),
    path("v1.0/events.json", tacker_events.Events.as_view()),
    path("v1.0/events/<str:number>.json", tacker_events.OneEvent.as_view()),
    path("v1.0/events/<str:number>", tacker_events.OneEvent.as_view()),
    path("v2/", include(_RESOURCES)),
    *_RESOURCES,
]
