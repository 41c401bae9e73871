"""Paths of the broker below ``/api/multicloud/``, as ONAP has them; a slash at the end is allowed."""

from __future__ import annotations

from django.urls import URLPattern, re_path

from fed_common.broker.capacity_views import CapacityCheck, CheckCapacity
from fed_common.broker.vim_views import Extensions, OneVim, Registry, VimTypes
from fed_common.inventory.services import RESERVED_OWNERS

V0 = r"^v0/(?P<vim_id>[^/]+)"
V1 = rf"^v1/(?!(?:{'|'.join(RESERVED_OWNERS)})/)(?P<cloud_owner>[^/]+)/(?P<cloud_region_id>[^/]+)"

urlpatterns: list[URLPattern] = [
    re_path(r"^v[01]/vim_types/?$", VimTypes.as_view()),
    re_path(r"^(?P<api>v[01])/check_vim_capacity/?$", CheckCapacity.as_view()),
]
for vim in (V0, V1):
    urlpatterns += [
        re_path(rf"{vim}/capacity_check/?$", CapacityCheck.as_view()),
        re_path(rf"{vim}/extensions/?$", Extensions.as_view()),
        re_path(rf"{vim}/registry/?$", Registry.as_view()),
        re_path(rf"{vim}/?$", OneVim.as_view()),
    ]
