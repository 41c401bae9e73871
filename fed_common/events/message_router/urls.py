"""The Message Router's addresses, at the root as clients expect them; a slash at the end is allowed."""

from __future__ import annotations

from django.urls import URLPattern, re_path

from fed_common.events.message_router import key_views, topic_views, views

TOPIC = r"(?P<topic>[^/]+)"

urlpatterns: list[URLPattern] = [
    re_path(rf"^events/{TOPIC}/?$", views.topic),
    re_path(rf"^events/{TOPIC}/(?P<group>[^/]+)/?$", views.group),
    re_path(rf"^events/{TOPIC}/(?P<group>[^/]+)/(?P<consumer>[^/]+)/?$", views.consume),
    re_path(r"^topics/?$", topic_views.topics),
    re_path(r"^topics/listAll/?$", topic_views.all_topics),
    re_path(r"^topics/create/?$", topic_views.create),
    re_path(rf"^topics/{TOPIC}/?$", topic_views.topic),
    re_path(rf"^topics/{TOPIC}/(?P<kind>producers|consumers)/?$", topic_views.rights),
    re_path(rf"^topics/{TOPIC}/(?P<kind>producers|consumers)/(?P<key>[^/]+)/?$", topic_views.right),
    re_path(r"^apiKeys/?$", key_views.keys),
    re_path(r"^apiKeys/create/?$", key_views.create),
    re_path(r"^apiKeys/(?P<key>[^/]+)/?$", key_views.key),
]
