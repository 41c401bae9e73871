"""The page, and the way in and out."""

from __future__ import annotations

from django.urls import path

from fed_common.web import views

urlpatterns = [
    path("", views.page, name="page"),
    path("clouds", views.clouds, name="clouds"),
    path("vnfs", views.vnfs, name="vnfs"),
    path("alarms", views.alarms, name="alarms"),
    path("login", views.login, name="login"),
    path("logout", views.logout, name="logout"),
]
