"""ASGI layer around Django: calls to a VIM are streamed to its plugin or its cloud, and answers back.

Django never sees them, for it would put every body on disk or in memory first. What the gateway answers
by itself for a VIM in process (``OWN_VERBS``) goes on to Django.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http.request import split_domain_port, validate_host
from structlog.contextvars import bound_contextvars

from fed_common.access.models import Role
from fed_common.access.permissions import NotAllowedHere
from fed_common.broker.doorkeeper import OWN_HEADER, Caller, caller_of
from fed_common.broker.paths import HOUSE_VERBS, OWN_VERBS, ROOT, Call, read_call
from fed_common.broker.problems import problem_of
from fed_common.broker.providers import RemotePlugin, providers
from fed_common.broker.request_ids import OURS
from fed_common.broker.requests import log_change
from fed_common.broker.resolving import cached_vim, resolve
from fed_common.broker.service_urls import service_urls
from fed_common.broker.streaming import ClientGone, Exchange, Target
from fed_common.broker.upstream import close_session
from fed_common.core.model import Vim
from fed_common.events.message_router.connections import connection_of

Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Any, Any], Awaitable[None]]


class PassThrough:
    """Serves calls to VIMs, hands everything else on."""

    def __init__(self, app: Asgi) -> None:
        """Raises Invalid: a setting of the providers that cannot be used."""
        self._app = app
        providers()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            return await _live(receive, send)
        if scope["type"] != "http" or not scope["raw_path"].startswith(ROOT):
            return await self._app(scope, receive, send)
        exchange = Exchange(scope, receive, send)
        with bound_contextvars(request_id=exchange.ids[OURS]):
            try:
                call = read_call(scope["raw_path"])
                if call is None or not await self._served(call, exchange):
                    await self._app(_for_django(scope), receive, send)
            except ClientGone:
                pass
            except Exception as error:
                await exchange.refuse(problem_of(error))
        return None

    async def _served(self, call: Call, exchange: Exchange) -> bool:
        """False: the call is Django's."""
        if call.service in HOUSE_VERBS:
            return False
        vim = cached_vim(call.vim_id)
        if vim and _is_own(call, vim):
            return False
        caller = await _admitted(call, exchange)
        vim = await resolve(call.vim_id)
        if _is_own(call, vim):
            return False
        scope = exchange.scope
        connection, task = connection_of(scope), asyncio.current_task()
        connection.on_lost = task.cancel if task else None
        try:
            await exchange.run(await _target(call, vim, scope["query_string"]), caller.token)
        except asyncio.CancelledError:
            if not connection.lost:
                raise
        finally:
            connection.on_lost = None
            log_change(scope["method"], scope["path"], exchange.status, caller.identity.name)
        return True


async def _live(receive: Any, send: Any) -> None:
    """The server's start and end, which Django does not know: kept connections are closed in order."""
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await close_session()
    await send({"type": "lifespan.shutdown.complete"})


async def _admitted(call: Call, exchange: Exchange) -> Caller:
    """Who calls, and may. Raises what is wrong with that, or DisallowedHost, NotAllowedHere."""
    method, given = exchange.scope["method"], exchange.given
    domain, _ = split_domain_port(given.get(b"host", b"localhost").decode("latin-1"))
    if not validate_host(domain, settings.ALLOWED_HOSTS):
        raise DisallowedHost(domain)
    caller = await caller_of(given, method, exchange.client)
    if method not in call.allowed:
        raise NotAllowedHere(method, call.allowed)
    caller.require(Role.READER if call.asks_only(method) else Role.OPERATOR, str(call.vim_id))
    return caller


def _is_own(call: Call, vim: Vim) -> bool:
    is_own = call.service in OWN_VERBS or not call.service
    return is_own and not isinstance(providers().of(vim), RemotePlugin)


async def _target(call: Call, vim: Vim, query: bytes) -> Target:
    """Where the call goes: only its prefix changes, its path and query stay as they are byte for byte."""
    asked = f"?{query.decode('latin-1')}" if query else ""
    plugin = providers().of(vim)
    if isinstance(plugin, RemotePlugin):
        return Target(str(vim.id), f"{plugin.prefix}{call.tail}{asked}")
    base = await service_urls().url(plugin, vim, call.service)
    return Target(str(vim.id), f"{base}{call.rest}{asked}", vim.tls)


def _for_django(scope: Scope) -> Scope:
    """The same request; our own header of the token in the place where Django's side looks for it."""
    own = [value for name, value in scope["headers"] if name == OWN_HEADER]
    if not own:
        return scope
    others = [pair for pair in scope["headers"] if pair[0] not in (b"x-auth-token", b"authorization", OWN_HEADER)]
    return {**scope, "headers": [*others, (b"x-auth-token", own[0])]}
