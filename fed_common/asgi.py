"""The ASGI application: every HTTP process serves this."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fed_common.settings")

from django.core.asgi import get_asgi_application

from fed_common.events.message_router.connections import LongPolls

WAITING = ("/events/", "/api/multicloud/v1/events/stream")

django = get_asgi_application()

from fed_common.broker.pass_through import PassThrough  # noqa: E402 - it needs Django's models, loaded above

application = LongPolls(PassThrough(django), WAITING)  # type: ignore[arg-type] # Django's is narrower
