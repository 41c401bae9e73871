"""Paths of VNFs and of guest watchdogs below ``/api/multicloud/v1/``."""

from __future__ import annotations

from django.urls import path

from fed_common.monitor import views
from fed_common.monitor.watchdog_views import Watchdog

urlpatterns = [
    path("vims/<str:vim_id>/watchdog", Watchdog.as_view()),
    path("vnfds/check", views.VnfdsCheck.as_view()),
    path("vnfs", views.Vnfs.as_view()),
    path("vnfs/<str:vnf>", views.OneVnf.as_view()),
    path("vnfs/<str:vnf>/members", views.VnfMembers.as_view()),
    path("vnfs/<str:vnf>/events", views.VnfEvents.as_view()),
    path("vnfs/<str:vnf>/operations", views.VnfOperations.as_view()),
    path("vnfs/<str:vnf>/scale", views.VnfScale.as_view()),
    path("vnfs/<str:vnf>/heal", views.VnfHeal.as_view()),
    path("vnfs/<str:vnf>/respawn", views.VnfRespawn.as_view()),
]
