"""Transport URLs: our defaults for RabbitMQ, the record's own options win."""

from __future__ import annotations

from fed_common.bus.urls import transport_url


def test_rabbitmq_gets_a_bounded_prefetch() -> None:
    assert "rabbit_qos_prefetch_count=1000" in transport_url("rabbit://u:p@h:5672/v")


def test_options_in_the_url_win_and_others_stay() -> None:
    url = transport_url("rabbit://u:p@h1:1,u:p@h2:2/?rabbit_qos_prefetch_count=50&ssl=1")
    assert url.startswith("rabbit://u:p@h1:1,u:p@h2:2/?")
    assert "rabbit_qos_prefetch_count=50" in url
    assert "ssl=1" in url


def test_other_drivers_urls_are_left_alone() -> None:
    assert transport_url("fake://") == "fake://"
