"""``POST /api/multicloud/v1/vims/import``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from fed_common.access.models import Role
from fed_common.core.errors import Invalid
from fed_common.inventory.aai.keeping import Outcome
from fed_common.inventory.imports import counted, import_vims
from fed_common.inventory.serializers import StrictSerializer, VimSerializer
from fed_common.inventory.yaml_body import YamlBody


class ImportShape(StrictSerializer):
    """Either of the two."""

    vims = VimSerializer(many=True, required=False)
    source = serializers.ChoiceField(["aai"], required=False)  # type: ignore[assignment]


class ImportedShape(serializers.Serializer[Any]):
    """What became of one VIM; ``field``, ``value`` and ``allowed`` when it was at fault."""

    vim_id = serializers.CharField()
    outcome = serializers.ChoiceField(list(Outcome))
    reason = serializers.CharField()
    field = serializers.CharField(required=False)
    value = serializers.JSONField(required=False)
    allowed = serializers.CharField(required=False)
    notes = serializers.ListField(child=serializers.CharField(), required=False)


class ImportAnswer(serializers.Serializer[Any]):
    """All of them, in the order they came, and how many there are of each outcome."""

    vims = ImportedShape(many=True)
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    failed = serializers.IntegerField()
    dry_run = serializers.BooleanField()


class VimImport(APIView):
    """Many VIMs at once, out of a list or out of A&AI."""

    write_role = Role.ADMIN
    every_vim = True
    parser_classes: Sequence[type[BaseParser]] = [*api_settings.DEFAULT_PARSER_CLASSES, YamlBody]  # type: ignore[list-item] # the stubs say texts

    @extend_schema(
        summary="Import many VIMs",
        request=ImportShape,
        responses={200: ImportAnswer},
        parameters=[OpenApiParameter("dry_run", bool, description="try everything, keep nothing")],
    )
    def post(self, request: Request) -> Response:
        """Register those that are new, change those that differ, and tell of each."""
        dry_run = _dry_run(request)
        found = import_vims(request.data, dry_run=dry_run)
        told = [one.to_dict() for one in found]
        return Response({"vims": told, **counted(found), "dry_run": dry_run})


def _dry_run(request: Request) -> bool:
    for name in request.query_params:
        if name != "dry_run":
            raise Invalid(name, request.query_params[name], "no such parameter; parameters: dry_run")
    word = request.query_params.get("dry_run", "false")
    if word not in ("true", "false"):
        raise Invalid("dry_run", word, ("true", "false"))
    return word == "true"
