"""The dry run of a transport URL against a real RabbitMQ."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from fed_common.bus.check import check_transport
from fed_common.core.errors import Permanent
from tests.processes import free_port

pytestmark = pytest.mark.servers


def test_the_right_credentials_reach_it(rabbitmq_url: str) -> None:
    check_transport(rabbitmq_url, 60)


def test_wrong_credentials_are_refused_without_telling_them(rabbitmq_url: str) -> None:
    port = urlsplit(rabbitmq_url).port

    with pytest.raises(Permanent, match="refuses the credentials") as caught:
        check_transport(f"rabbit://openstack:pl4nted-S3cret@127.0.0.1:{port}/", 60)

    assert "pl4nted-S3cret" not in str(caught.value)


def test_an_unknown_virtual_host_is_refused_by_name(rabbitmq_url: str) -> None:
    with pytest.raises(Permanent, match="nowhere"):
        check_transport(f"{rabbitmq_url.rstrip('/')}/nowhere", 60)


def test_one_host_of_several_is_enough(rabbitmq_url: str) -> None:
    credentials, _, host = rabbitmq_url.rpartition("@")

    check_transport(f"{credentials}@127.0.0.1:{free_port()},{credentials.partition('//')[2]}@{host}", 60)
