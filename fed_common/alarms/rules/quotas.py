"""How many rules a project may have. Whoever in the project made them, all of them count."""

from __future__ import annotations

from rest_framework.exceptions import PermissionDenied

from fed_common.alarms.models import Quota, Rule
from fed_common.topics.database import writing

NO_LIMIT = -1
TIMEOUT = 10.0


def limit_of(project_id: str) -> int:
    """``NO_LIMIT``: any number. Asking stores nothing."""
    found = Quota.objects.filter(project_id=project_id).values_list("limit", flat=True).first()
    return NO_LIMIT if found is None else found


def set_limit(project_id: str, limit: int) -> None:
    """From now on; rules that are too many already stay. Raises Retryable."""
    with writing(TIMEOUT):
        Quota.objects.update_or_create(project_id=project_id, defaults={"limit": limit})


def drop_limit(project_id: str) -> None:
    """Any number again. Safe to call twice. Raises Retryable."""
    with writing(TIMEOUT):
        Quota.objects.filter(project_id=project_id).delete()


def require_room(project_id: str) -> None:
    """Raises PermissionDenied: the project has as many as it may. Only one creation at a time may ask."""
    limit = limit_of(project_id)
    if limit == NO_LIMIT:
        return
    if Rule.objects.filter(project_id=project_id, deleted_at__isnull=True).count() >= limit:
        raise PermissionDenied(f"Alarm quota exceeded: the project {project_id!r} may have {limit}")
