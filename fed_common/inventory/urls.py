"""Paths of the inventory below ``/api/multicloud/v1/``."""

from __future__ import annotations

from django.urls import path

from fed_common.inventory import views
from fed_common.inventory.import_views import VimImport
from fed_common.inventory.meter_views import InstanceStates, InstanceStatesHistory

urlpatterns = [
    path("vims", views.Vims.as_view()),
    path("vims/import", VimImport.as_view()),
    path("vims/check", views.BodyCheck.as_view()),
    path("vims/<str:vim_id>", views.OneVim.as_view()),
    path("vims/<str:vim_id>/filter", views.VimFilter.as_view()),
    path("vims/<str:vim_id>/check", views.VimCheck.as_view()),
    path("vims/<str:vim_id>/hosts", views.VimHosts.as_view()),
    path("instances", views.Instances.as_view()),
    path("meters/instance.state", InstanceStates.as_view()),
    path("meters/instance.state/history", InstanceStatesHistory.as_view()),
]
