"""Paths of what happened and who hears of it, below ``/api/multicloud/v1/``."""

from __future__ import annotations

from django.urls import path

from fed_common.events.stream import stream
from fed_common.events.views import dead, history, subscriptions

urlpatterns = [
    path("subscriptions", subscriptions.Subscriptions.as_view()),
    path("subscriptions/<str:name>", subscriptions.OneSubscription.as_view()),
    path("events", history.Events.as_view()),
    path("events/stream", stream),
    path("events/<str:event_id>", history.OneEvent.as_view()),
    path("words", history.Words.as_view()),
    path("dead-events", dead.DeadEvents.as_view()),
    path("dead-events/replay", dead.ReplayMany.as_view()),
    path("dead-events/<int:dead_id>", dead.OneDeadEvent.as_view()),
    path("dead-events/<int:dead_id>/replay", dead.Replay.as_view()),
]
