"""What callers of ``check_vim_status`` ask for: in the body, in the query, or both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from rest_framework.views import APIView

from fed_common.access.models import Role
from fed_common.access.permissions import NotAllowedHere, require, require_vim
from fed_common.core.errors import Invalid, NotFound
from fed_common.core.model import VIM_ID_FORM, VimId
from fed_common.core.state_words import StateWord, read_state_words
from fed_common.inventory.services import RESERVED_OWNERS

LIMIT_MAX, PAGE_MAX, WAIT_MAX = 1000, 10**9, 60.0
FIELDS = ("states", "instance_id", "wait", "limit", "page")


@dataclass(frozen=True, slots=True)
class StatusQuery:
    """Which instances of which VIM; ``wait``: seconds to wait for a change among them."""

    vim_id: VimId
    words: Sequence[StateWord] = ()
    instance_id: str = ""
    wait: float = 0.0
    limit: int = LIMIT_MAX
    page: int = 1


def read_query(
    request: HttpRequest, names: Mapping[str, str], methods: Sequence[str], *, strict: bool = True
) -> StatusQuery:
    """What is asked of the VIM the path ``names``, by who may. Blocks: tokens are looked up, the body is read.

    Raises NotAuthenticated & co, NotAllowedHere, Invalid naming the field. What is not ``strict``
    overlooks fields it does not know.
    """
    asked = APIView().initialize_request(request)
    require(asked.user, Role.READER)
    if request.method not in methods:
        raise NotAllowedHere(request.method or "", methods)
    vim_id = _vim_id(**names)
    require_vim(asked.user, str(vim_id))
    fields: dict[str, Any] = request.GET.dict()
    if "states" in fields:
        words = ",".join(request.GET.getlist("states")).split(",")
        fields["states"] = [word for word in words if word.strip()]
    if request.method == "POST":
        fields |= _object(asked.data)
    if strict:
        _refuse_unknown(fields)
    return StatusQuery(
        vim_id,
        read_state_words(fields.get("states", ())),
        _text("instance_id", fields.get("instance_id", "")),
        _number("wait", fields.get("wait", 0), 0, WAIT_MAX),
        int(_number("limit", fields.get("limit", LIMIT_MAX), 1, LIMIT_MAX, whole=True)),
        int(_number("page", fields.get("page", 1), 1, PAGE_MAX, whole=True)),
    )


def _vim_id(vim_id: str = "", cloud_owner: str = "", cloud_region_id: str = "") -> VimId:
    """The pair of v1 is never split anew."""
    if vim_id:
        return VimId.parse(vim_id)
    pair = VimId(cloud_owner, cloud_region_id)
    if cloud_owner in RESERVED_OWNERS:
        raise NotFound("VIM", str(pair))
    if not pair.sound:
        raise Invalid("vim_id", str(pair), VIM_ID_FORM)
    return pair


def _object(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise Invalid("body", body, "a JSON object")
    return body


def _refuse_unknown(fields: Mapping[str, Any]) -> None:
    for name in fields:
        if name not in FIELDS:
            raise Invalid(name, fields[name], f"no such field; fields: {', '.join(FIELDS)}")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise Invalid(name, value, "a text")
    return value


def _number(name: str, value: object, least: float, most: float, *, whole: bool = False) -> float:
    """A JSON number, or the text of one in a query."""
    allowed = f"a {'whole ' if whole else ''}number from {least:g} to {most:.0f}"
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not least <= number <= most or (whole and not number.is_integer()):
        raise Invalid(name, value, allowed)
    return number
