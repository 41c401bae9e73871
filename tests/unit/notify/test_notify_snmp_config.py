"""SNMP targets: the URLs that say them, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.errors import Invalid, Permanent
from fed_common.interfaces.notifier import Packet
from fed_common.interfaces.registry import parse_config
from fed_common.notify.snmp.config import SnmpConfig, checked, options_of
from fed_common.notify.snmp.credentials import User
from tests.snmp import notice, notifier

V3 = {"host": "h", "version": "3", "user": "u", "auth_key": "authsecret", "priv_key": "privsecret"}
words = st.text(min_size=1, max_size=40)


def test_a_url_says_the_options() -> None:
    url = "snmp://trap.example:1162?version=3&user=u&auth=SHA&auth_key=a%26bcdefg&priv_key=12345678&inform=1"
    config = checked(parse_config(SnmpConfig, options_of(url)))
    assert (config.host, config.port, config.inform, config.auth) == ("trap.example", 1162, True, "SHA")
    assert (config.auth_key, config.priv_key, config.security_level) == ("a&bcdefg", "12345678", "authPriv")


def test_what_a_url_does_not_say_has_a_default() -> None:
    assert checked(parse_config(SnmpConfig, options_of("snmp://h"))) == SnmpConfig(host="h")


@given(words)
def test_every_community_survives_a_url(community: str) -> None:
    assert (
        options_of(f"snmp://h?{urlencode({'community': community}, errors='surrogatepass')}")["community"]
        == community
    )


@pytest.mark.parametrize(
    "url",
    [
        "snmp://",
        "snmp://h:0",
        "snmp://h:99999",
        "snmp://h:x",
        "snmp://[::1",
        "snmp://user:hidden@h",
        "snmp://h/path",
        "snmp://h#hidden",
        "snmp://h?nosuch=hidden",
        "snmp://h?community=hidden&community=hidden",
        "snmp://h?inform=yes",
    ],
)
def test_a_url_that_says_something_else_is_refused_without_a_secret(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        options_of(url)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"host": ""}, "host"),
        ({"host": "a b"}, "host"),
        ({"host": "h", "port": 0}, "port"),
        ({"host": "h", "version": "1"}, "version"),
        ({"host": "h", "community": ""}, "community"),
        ({"host": "h", "auth_key": "hidden-key"}, "version"),
        ({**V3, "user": ""}, "user"),
        ({**V3, "user": "u" * 33}, "user"),
        ({**V3, "auth": "ROT13"}, "auth"),
        ({**V3, "priv": "none"}, "priv"),
        ({**V3, "level": "secure"}, "level"),
        ({**V3, "auth_key": "hidden"}, "auth_key"),
        ({**V3, "priv_key": "hidden"}, "priv_key"),
        ({**V3, "auth_key": ""}, "priv_key"),
        ({**V3, "priv_key": "", "level": "authPriv"}, "priv_key"),
    ],
)
def test_options_that_cannot_be_used_are_named_without_a_secret(options: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        checked(SnmpConfig(**options))
    assert caught.value.field == f"options.{field}"
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "level", "keys"),
    [
        ({}, "authPriv", ("authsecret", "privsecret")),
        ({"priv_key": ""}, "authNoPriv", ("authsecret", "")),
        ({"priv_key": "", "auth_key": ""}, "noAuthNoPriv", ("", "")),
        ({"level": "authNoPriv"}, "authNoPriv", ("authsecret", "")),
        ({"level": "noAuthNoPriv"}, "noAuthNoPriv", ("", "")),
    ],
)
def test_the_level_follows_from_the_keys_unless_it_is_said(
    given: dict[str, str], level: str, keys: tuple[str, str]
) -> None:
    config = checked(SnmpConfig(**{**V3, **given}))
    user = User.of(config)
    assert (config.security_level, (user.auth_key, user.priv_key)) == (level, keys)


def test_no_secret_is_shown() -> None:
    config = SnmpConfig(**{**V3, "community": "hidden", "auth_key": "hidden-key", "priv_key": "hidden-key"})
    assert "hidden" not in repr(config) + repr(User.of(config))
    ours = notifier("snmp://[2001:db8::1]:1162?community=hidden")
    assert ours.endpoint == "snmp://[2001:db8::1]:1162"


def test_nothing_is_sent_to_a_forbidden_network(settings: Any) -> None:
    settings.ALLOWED_NETWORKS = []
    with pytest.raises(Permanent, match="forbidden"):
        asyncio.run(notifier("snmp://127.0.0.1").notify(Packet("d", 1, [notice("a")]), timeout=5))
