"""Paths that tell of host faults and of the alarms that came of them, below ``/api/multicloud/v1/``."""

from __future__ import annotations

from django.urls import path

from fed_common.alarms.profile_views import ProfileOfFault

urlpatterns = [path("faults/<uuid:fault_id>/profile", ProfileOfFault.as_view())]
