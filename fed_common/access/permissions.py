"""What a role may do: readers read, operators write, admins do what a view reserves for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from fed_common.access.models import Role
from fed_common.access.tokens import Identity

if TYPE_CHECKING:  # the framework imports this file before it has views
    from rest_framework.views import APIView


class ByRole(BasePermission):
    """Safe methods need reader; the others the view's ``write_role``, which is operator unless it says more."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True, or raises: see ``require``."""
        write_role = getattr(view, "write_role", Role.OPERATOR)
        require(request.user, Role.READER if request.method in SAFE_METHODS else write_role)
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
