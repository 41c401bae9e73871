"""The Doctor inspector's own path."""

from __future__ import annotations

from django.urls import path

from fed_common.faults.doctor_views import DoctorEvents

urlpatterns = [path("events", DoctorEvents.as_view())]
