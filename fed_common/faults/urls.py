"""Paths of host faults below ``/api/multicloud/v1/``."""

from __future__ import annotations

from django.urls import path

from fed_common.faults import views
from fed_common.faults.watching_views import HostDetector, HostDetectors
from fed_common.faults.webhook_views import HostWebhook

HOST = "<str:cloud_owner>/<str:cloud_region_id>/hosts/<str:host>"

urlpatterns = [
    path("faults", views.Faults.as_view()),
    path("faults/<uuid:fault_id>", views.OneFault.as_view()),
    path("hosts", views.Hosts.as_view()),
    path("vims/<str:vim_id>/hosts/<str:host>/detectors", HostDetectors.as_view()),
    path("vims/<str:vim_id>/hosts/<str:host>/detectors/<str:detector>", HostDetector.as_view()),
    path("vims/<str:vim_id>/webhooks/host", HostWebhook.as_view()),
    path(f"{HOST}/fault", views.FaultOfHost.as_view()),
    path(f"{HOST}/fault/clear", views.ClearOfHost.as_view()),
    path(f"{HOST}/maintenance", views.MaintenanceOfHost.as_view()),
]
