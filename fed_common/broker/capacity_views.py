"""``check_vim_capacity`` of many VIMs, ``capacity_check`` of one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.models import Role
from fed_common.access.permissions import require_vim
from fed_common.broker.capacity import Need, Verdict, ask_all, room_of
from fed_common.broker.problems import Problem
from fed_common.broker.vim_views import OfVim
from fed_common.core.errors import Invalid
from fed_common.core.model import VIM_ID_FORM, VimId

UNREADABLE = "Invalidate request body"
AMOUNTS = ("vCPU", "Memory", "Storage")
OWNER, REGION = "cloud-owner", "cloud-region-id"
MOST = 1000


class CheckCapacity(APIView):
    """Which of the VIMs named have room. One that cannot tell is no reason to fail: it is named instead."""

    write_role = Role.READER

    def post(self, request: Request, api: str) -> HttpResponse:
        """``{"vCPU", "Memory", "Storage", "VIMs"}``, amounts in GB. Raises Invalid naming the field."""
        try:
            body = _object(request.data)
        except Invalid as error:
            return Problem(400, "invalid", f"{UNREADABLE} ({error}).").response()
        need = need_of(body, request.headers.get("Project", ""))
        named = [_named(one, f"VIMs[{index}]", api) for index, one in enumerate(_list(body))]
        for one in named:
            require_vim(request.user, str(one.vim_id))
        verdicts = async_to_sync(ask_all)([one.vim_id for one in named], need, api)
        pairs = list(zip(named, verdicts, strict=True))
        told: dict[str, Any] = {"VIMs": [one.with_room(verdict) for one, verdict in pairs if verdict.fits]}
        silent = [one.silent(verdict) for one, verdict in pairs if verdict.error]
        return Response({**told, "unreachable": silent} if silent else told)


class CapacityCheck(OfVim):
    """Whether one VIM in process has room."""

    write_role = Role.READER

    def post(self, request: Request, **_names: str) -> Response:
        """``{"vCPU", "Memory", "Storage"}``; raises Invalid, and what the plugin does."""
        need = need_of(_object(request.data), request.headers.get("Project", ""))
        verdict = room_of(self.plugin(), self.vim(), need)
        return Response({"result": verdict.fits, "AZs": verdict.zones})


def need_of(body: Mapping[str, Any], project: str) -> Need:
    """What is asked for; what is left out is 0. Raises Invalid."""
    amounts = tuple(body.get(name, 0) for name in AMOUNTS)
    for name, amount in zip(AMOUNTS, amounts, strict=True):
        is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
        if not is_number or not math.isfinite(amount) or amount < 0:
            raise Invalid(name, amount, "a number, 0 or more")
    vcpus, memory, storage = amounts
    return Need(vcpus, memory, storage, project)


@dataclass(frozen=True, slots=True)
class _Named:
    """One VIM; ``text`` as v0 names it, "" where v1's pair does."""

    vim_id: VimId
    text: str = ""

    def with_room(self, verdict: Verdict) -> Any:
        """As the reference lists it."""
        return self.text or {**self._pair(), "AZs": verdict.zones}

    def silent(self, verdict: Verdict) -> dict[str, str]:
        """What it is named by, and why it said nothing."""
        return {**({"vim_id": self.text} if self.text else self._pair()), "error": verdict.error}

    def _pair(self) -> dict[str, str]:
        return {OWNER: self.vim_id.owner, REGION: self.vim_id.region}


def _named(given: Any, field: str, api: str) -> _Named:
    """Raises Invalid."""
    if api == "v0":
        if not isinstance(given, str) or not given:
            raise Invalid(field, given, VIM_ID_FORM)
        owner, _, region = given.partition("_")
        return _Named(VimId(owner, region), given)
    if not isinstance(given, Mapping):
        raise Invalid(field, given, f"an object of {OWNER} and {REGION}")
    for name in (OWNER, REGION):
        if not isinstance(given.get(name), str):
            raise Invalid(f"{field}.{name}", given.get(name), "a text")
    return _Named(VimId(given[OWNER], given[REGION]))


def _object(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise Invalid("body", body, "a JSON object")
    return body


def _list(body: Mapping[str, Any]) -> Sequence[Any]:
    named = body.get("VIMs")
    if not isinstance(named, list) or len(named) > MOST:
        raise Invalid("VIMs", named, f"a list of at most {MOST} VIMs")
    return named
