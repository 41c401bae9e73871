"""What every registered publisher promises, whoever wrote it."""

from __future__ import annotations

import dataclasses
import socket
from typing import Any

import pytest
from django.conf import settings

from fed_common.core.errors import Invalid
from fed_common.interfaces.publisher import Publisher
from fed_common.interfaces.registry import Registry, is_secret, parse_config

REGISTRY: Registry[Publisher] = Registry("publisher", "mcfed.publishers", settings.PUBLISHERS)
OPTIONS: dict[str, dict[str, Any]] = {
    "kafka": {"bootstrap": "127.0.0.1:1"},
    "dmaap": {"url": "http://127.0.0.1:1"},
    "bus": {"url": "rabbit://user:password@127.0.0.1:1/"},
}

pytestmark = pytest.mark.parametrize("name", REGISTRY.names())


def built(name: str) -> Publisher:
    kind = REGISTRY.get(name)
    return kind(parse_config(kind.Config, OPTIONS.get(name, {})))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("this must not touch the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_its_name_is_the_one_it_is_registered_under(name: str) -> None:
    assert REGISTRY.get(name).name == name


@pytest.mark.usefixtures("no_network")
def test_building_it_touches_neither_network_nor_database(name: str) -> None:
    assert isinstance(built(name), Publisher)


@pytest.mark.django_db
def test_publishing_nothing_refuses_nothing_and_connects_to_nobody(name: str) -> None:
    assert list(built(name).publish([], timeout=1)) == []


@pytest.mark.usefixtures("no_network")
def test_closing_it_twice_or_unused_is_safe(name: str) -> None:
    publisher = built(name)

    publisher.close()
    publisher.close()


def test_an_unknown_option_is_refused_by_name(name: str) -> None:
    options = {**OPTIONS.get(name, {}), "no_such_option": "hunter2"}

    with pytest.raises(Invalid) as caught:
        parse_config(REGISTRY.get(name).Config, options)

    assert caught.value.field == "options.no_such_option"
    assert "hunter2" not in str(caught.value)


def test_its_config_cannot_change_and_does_not_print_secrets(name: str) -> None:
    config = REGISTRY.get(name).Config

    assert config.__dataclass_params__.frozen
    assert [item.name for item in dataclasses.fields(config) if is_secret(item) and item.repr] == []
