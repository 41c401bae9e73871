"""Whose rules are whose: projects own them, as in Aodh; callers without one share those of project ``""``."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet
from rest_framework.exceptions import APIException

from fed_common.access.models import Role
from fed_common.access.tokens import Identity

M = TypeVar("M", bound=Model)


class NotAuthorized(APIException):
    """What Aodh answers with 401: a project, user or action that is not the caller's."""

    status_code = 401
    default_code = "not_authorized"


def is_admin(by: Identity) -> bool:
    """Whether every project is open to this caller; never to one that is for some VIMs only."""
    return by.may(Role.ADMIN) and not by.vims


def user_of(by: Identity) -> str:
    """The user that a rule or a change is put down to."""
    return by.user or by.name


def visible(rows: QuerySet[M], by: Identity, column: str = "project_id") -> QuerySet[M]:
    """The rows of the projects that are open to this caller."""
    return rows if is_admin(by) else rows.filter(**{column: by.project})


def owner(by: Identity, project_id: str | None, user_id: str | None) -> tuple[str, str]:
    """Project and user of a new rule; None: the caller's. Raises NotAuthorized: somebody else's."""
    own = {"project": by.project, "user": user_of(by)}
    for aspect, asked in (("project", project_id), ("user", user_id)):
        if not is_admin(by) and asked not in (None, own[aspect]):
            raise NotAuthorized(f"Not Authorized to access {aspect} {asked}")
    return own["project"] if project_id is None else project_id, own["user"] if user_id is None else user_id
