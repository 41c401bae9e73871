"""Who calls Aodh's face, and what of it a role may."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.conf import settings
from rest_framework.request import Request

from fed_common.access.authentication import TokenAuthentication
from fed_common.access.models import Role
from fed_common.access.permissions import ByRole, require_every_vim
from fed_common.access.tokens import Identity

if TYPE_CHECKING:
    from rest_framework.views import APIView


class AodhAuthentication(TokenAuthentication):
    """As everywhere. Where nobody is asked who they are, Aodh's ``noauth`` headers say it.

    These are ``X-Project-Id``, ``X-User-Id`` and ``X-Roles``, as the client's plugin ``aodh-noauth`` sends them.
    """

    def authenticate(self, request: Request) -> tuple[Identity, None] | None:
        """See TokenAuthentication."""
        found = super().authenticate(request)
        project = request.headers.get("X-Project-Id")
        if settings.AUTH != "none" or project is None:
            return found
        user = request.headers.get("X-User-Id", "")
        return Identity(user or "anonymous", _role(request), project=project[:100], user=user[:200]), None


class ByProject(ByRole):
    """As everywhere; rules of nobody's project hear every VIM, so a token of some VIMs needs a project."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """See ByRole."""
        allowed = super().has_permission(request, view)
        if not caller_of(request).project:
            require_every_vim(request.user)
        return allowed


def caller_of(request: Request) -> Identity:
    """Who calls a view that ByProject has let through."""
    return cast(Identity, request.user)


def _role(request: Request) -> Role:
    """The largest that one of the roles gives; Aodh lets who brings none write rules, so does this."""
    brought = {role.strip().lower() for role in request.headers.get("X-Roles", "").split(",")}
    given = {ours for theirs, ours in settings.KEYSTONE_ROLES.items() if theirs.lower() in brought}
    return next((role for role in reversed(Role) if role in given), Role.OPERATOR)
