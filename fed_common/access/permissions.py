"""What a role may do: readers read, operators write, admins do what a view reserves for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from fed_common.access.models import Role
from fed_common.access.tokens import Identity

if TYPE_CHECKING:  # the framework imports this file before it has views
    from rest_framework.views import APIView

M = TypeVar("M", bound=Model)


class NotAllowedHere(MethodNotAllowed):
    """A method that a path does not take, with those that it takes."""

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(method)


class ByRole(BasePermission):
    """Safe methods need reader; the others the view's ``write_role``, which is operator unless it says more.

    A view with ``every_vim`` shows or touches all VIMs at once: not for a token of some of them.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True, or raises: see ``require`` and ``require_every_vim``."""
        write_role = getattr(view, "write_role", Role.OPERATOR)
        require(request.user, Role.READER if request.method in SAFE_METHODS else write_role)
        if getattr(view, "every_vim", False):
            require_every_vim(request.user)
        return True


def require(identity: object, role: Role) -> None:
    """Raises NotAuthenticated for nobody, PermissionDenied for who has too little."""
    if not isinstance(identity, Identity):
        raise NotAuthenticated("bring a token in X-Auth-Token or Authorization: Bearer")
    if not identity.may(role):
        raise PermissionDenied(f"this needs the role {role}; the token {identity.name!r} has {identity.role}")


def require_vim(identity: object, vim_id: str) -> None:
    """Raises PermissionDenied for who may not see this VIM, whether there is such a VIM or not."""
    if isinstance(identity, Identity) and not identity.sees(vim_id):
        raise PermissionDenied(f"the token {identity.name!r} is not for the VIM {vim_id!r}")


def sees(identity: object, vim_id: str) -> bool:
    """Whether this caller may see this VIM."""
    return not isinstance(identity, Identity) or identity.sees(vim_id)


def require_every_vim(identity: object) -> None:
    """Raises PermissionDenied for who may see some VIMs only."""
    if isinstance(identity, Identity) and identity.vims:
        raise PermissionDenied(f"the token {identity.name!r} is for the VIMs {', '.join(identity.vims)} only")


def seen_by(identity: object, rows: QuerySet[M], column: str = "vim_id") -> QuerySet[M]:
    """The rows of the VIMs that this caller may see."""
    regex = identity.vims_regex() if isinstance(identity, Identity) else ""
    return rows.filter(**{f"{column}__regex": regex}) if regex else rows
