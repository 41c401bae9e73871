"""Paths of receivers and deliveries below ``/api/multicloud/v1/``."""

from __future__ import annotations

from django.urls import path

from fed_common.notify import views

urlpatterns = [
    path("receivers", views.Receivers.as_view()),
    path("receivers/<str:name>", views.OneReceiver.as_view()),
    path("receivers/<str:name>/test", views.TestReceiver.as_view()),
    path("alarms/deliveries", views.Deliveries.as_view()),
    path("alarms/deliveries/<uuid:delivery_id>", views.OneDelivery.as_view()),
    path("alarms/deliveries/<uuid:delivery_id>/retry", views.Retry.as_view()),
]
