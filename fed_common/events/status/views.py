"""``check_vim_status`` and ``events_check``: the VMs of one cloud in the states asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from fed_common.core import clock
from fed_common.core.errors import Invalid
from fed_common.core.model import Vim
from fed_common.events.status.asking import ask, find_vim
from fed_common.events.status.changes import wait_for_change
from fed_common.events.status.requests import StatusQuery, read_query
from fed_common.events.status.seen import Seen, have_looked_at, is_news, matching, recalled, remembered, seen_now
from fed_common.events.status.threads import in_thread


async def check_vim_status(request: HttpRequest, **names: str) -> HttpResponse:
    """``POST {"states": [...]}`` or ``GET ?states=``. Raises as the plugin does: no empty list for a failure."""
    query = await in_thread(read_query, request, names, ("POST", "GET", "HEAD"))
    vim = await find_vim(query.vim_id)
    if query.wait:
        await wait_for_change(query)
    seen, checked_at = await _seen(vim)
    found = matching(seen, query.words, query.instance_id)
    return JsonResponse({**_newest(found), **_page(found, query), "checked_at": clock.iso(checked_at)})


async def events_check(request: HttpRequest, **names: str) -> HttpResponse:
    """The same for old clients, in the shape they know: all that match, without pages."""
    query = await in_thread(read_query, request, names, ("POST",), strict=False)
    seen, _ = await _seen(await find_vim(query.vim_id))
    return JsonResponse({"result": [one.shown_of_old() for one in matching(seen, query.words, query.instance_id)]})


async def _seen(vim: Vim) -> tuple[Sequence[Seen], datetime]:
    """The cloud's own answer with what is remembered; of one that cannot be asked, what it pushed."""
    if not (vim.auth_url and vim.credentials):
        return recalled((await in_thread(remembered, vim.id)).values()), clock.now()
    sweep = await ask(vim)
    known = await in_thread(remembered, vim.id)
    seen = seen_now(known, sweep)
    if is_news(known, seen):
        await in_thread(have_looked_at, vim.id)
    return seen, sweep.taken_at


def _newest(found: Sequence[Seen]) -> dict[str, Any]:
    """The spec's two keys, and when it was, of the newest change."""
    if not found:
        return {"state_description": "", "launched_at": "", "state_changed_at": None}
    shown = max(found, key=lambda one: one.changed_at).shown()
    return {name: shown[name] for name in ("state_description", "launched_at", "state_changed_at")}


def _page(found: Sequence[Seen], query: StatusQuery) -> dict[str, Any]:
    pages = max(1, -(-len(found) // query.limit))
    if query.page > pages:
        raise Invalid("page", query.page, f"a whole number from 1 to {pages}: there are no more pages")
    part = found[(query.page - 1) * query.limit : query.page * query.limit]
    following = query.page + 1 if query.page < pages else None
    return {"result": [one.shown() for one in part], "next": following, "total": len(found)}
