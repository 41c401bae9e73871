from __future__ import annotations

import pytest

from fed_common.core.errors import Invalid
from fed_common.events.message_router.connections import Connection, LongPolls, connection_of


async def application(scope, receive, send):
    pass


def test_a_middleware_that_would_hold_the_shared_thread_is_refused_at_the_start(settings):
    settings.MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware"]
    with pytest.raises(Invalid, match="WhiteNoiseMiddleware"):
        LongPolls(application)


def test_a_connection_nobody_watches_never_breaks():
    assert connection_of({}).lost is False


@pytest.mark.parametrize(("broken", "told"), [(True, ["broken"]), (False, [])])
def test_only_a_broken_end_is_told(broken, told):
    connection, heard = Connection(), []
    connection.on_broken = lambda: heard.append("broken")
    connection.end(broken=broken)
    assert connection.lost
    assert heard == told


def test_an_end_that_nobody_asked_about_is_quiet():
    connection = Connection()
    connection.end(broken=True)
    assert connection.lost
