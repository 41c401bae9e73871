"""``/openstack/v2/workflows``, ``executions`` and ``tasks``, to be read only: three looks at the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.models import Role
from fed_common.access.permissions import seen_by
from fed_common.core.errors import NotFound
from fed_common.monitor.mistral import shapes
from fed_common.monitor.mistral.faults import mistral_error
from fed_common.monitor.mistral.listing import Listing
from fed_common.monitor.models import Shard, Target, Workflow

Plain = dict[str, Any]

_SHAPES: dict[str, Callable[[Workflow, bool], Plain]] = {
    "workflows": shapes.workflow,
    "executions": shapes.execution,
    "tasks": shapes.task,
}
_SHOWN = (*(column.name for column in Workflow._meta.concrete_fields), "vim__tenant_id", "vnf__tenant_id")


class Resource(APIView):
    """One kind of resource; ``key`` in the path makes it one of them, ``execution`` those of that execution.

    Described by Mistral's API reference, not by our OpenAPI document. Nobody may write, so whoever tries is told
    405, not 403.
    """

    schema = None
    write_role = Role.READER
    plural: ClassVar[str]
    noun: ClassVar[str]
    column: ClassVar[str]
    workflow_name = "workflow_name"

    def get_exception_handler(self) -> Callable[..., Any]:
        """See the framework."""
        return mistral_error

    def get(self, request: Request, key: str = "", execution: str = "") -> Response:
        """The list, or one of them."""
        if key:
            return Response(self._one(request, key))
        rows = _rows(request)
        if execution:
            rows = rows.filter(execution_id=_uuid("execution", execution))
        listing = Listing(request.query_params.dict(), self.fields())
        name = listing.exactly(self.workflow_name)
        found, more = listing.page(list(self._shown(rows if name is None else rows.filter(name=name))))
        link = {"next": self._next(request, found[-1]["id"])} if more else {}
        return Response({self.plural: found, **link})

    @classmethod
    def fields(cls) -> list[str]:
        """What one of them consists of."""
        return list(_SHAPES[cls.plural](Workflow(), False))

    def _one(self, request: Request, key: str) -> Plain:
        found = next(self._shown(_rows(request).filter(self._named(key))), None)
        if found is None:
            raise NotFound(self.noun, key)
        return found

    def _named(self, key: str) -> Q:
        return Q(**{self.column: _uuid(self.noun, key)})

    def _shown(self, rows: QuerySet[Workflow]) -> Iterator[Plain]:
        living = Shard.objects.filter(expires_at__gt=Now()).exclude(owner="").values("number")
        targets = Target.objects.filter(workflow=OuterRef("pk"), removed=False, shard__in=living)
        for row in rows.annotate(watched=Exists(targets)):
            yield _SHAPES[self.plural](row, row.watched)

    def _next(self, request: Request, marker: str) -> str:
        query = {**request.query_params.dict(), "marker": marker}
        return request.build_absolute_uri(f"{request.path}?{urlencode(query)}")


class Workflows(Resource):
    """By id or, as Mistral allows, by name."""

    plural, noun, column = "workflows", "workflow", "id"
    workflow_name = "name"

    def _named(self, key: str) -> Q:
        return Q(name=key) if Workflow.objects.filter(name=key).exists() else super()._named(key)


class Executions(Resource):
    """Each workflow has one."""

    plural, noun, column = "executions", "execution", "execution_id"


class Tasks(Resource):
    """Each execution has one."""

    plural, noun, column = "tasks", "task", "task_id"


def _rows(request: Request) -> QuerySet[Workflow]:
    """The workflows of the VIMs that the caller may see; a VNF's is its VIM's."""
    rows = Workflow.objects.select_related("vim", "vnf").only(*_SHOWN)
    return seen_by(request.user, rows.annotate(cloud=Coalesce("vim__full_id", "vnf__vim__full_id")), "cloud")


def _uuid(noun: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(noun, text) from None
