"""Paths of the Tacker-compatible face below ``/openstack/``; the stock client appends ``.json``."""

from __future__ import annotations

from django.urls import path

from fed_common.inventory.tacker import views

urlpatterns = [
    path("v1.0/vims", views.Vims.as_view()),
    path("v1.0/vims.json", views.Vims.as_view()),
    path("v1.0/vims/<str:vim_id>.json", views.OneVim.as_view()),
    path("v1.0/vims/<str:vim_id>", views.OneVim.as_view()),
]
