"""The memory and log publishers."""

from __future__ import annotations

import threading

import pytest
import structlog

from fed_common.publishers import memory
from fed_common.publishers.log import LogConfig, LogPublisher
from fed_common.publishers.memory import MemoryConfig, MemoryPublisher
from tests.messages import message, numbered


@pytest.mark.usefixtures("memory_sink")
def test_messages_are_kept_by_topic_in_order_until_cleared() -> None:
    first, other, second = message("1"), message("2", topic="T2"), message("3")

    assert MemoryPublisher(MemoryConfig()).publish([first, other], timeout=1) == []
    assert MemoryPublisher(MemoryConfig()).publish([second], timeout=1) == []

    assert memory.messages("T1") == [first, second]
    assert memory.messages("T2") == [other]
    memory.clear()
    assert memory.messages("T1") == []


@pytest.mark.usefixtures("memory_sink")
def test_several_threads_lose_nothing() -> None:
    def publish(start: int) -> None:
        for one in numbered(200, start=start):
            MemoryPublisher(MemoryConfig()).publish([one], timeout=1)

    threads = [threading.Thread(target=publish, args=(n * 200,)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sorted(int(one.event.id) for one in memory.messages("T1")) == list(range(800))


def test_the_log_has_one_line_a_message_and_no_payload() -> None:
    with structlog.testing.capture_logs() as lines:
        assert LogPublisher(LogConfig()).publish([message("e-1", payload={"x": "private"})], timeout=1) == []

    assert lines == [
        {
            "event": "event logged",
            "log_level": "info",
            "topic": "T1",
            "event_id": "e-1",
            "event_type": "compute.instance.power_off.end",
            "vim_id": "vio_RegionOne",
            "instance_id": "vm-1",
            "kind": "POWER_OFF",
            "phase": "end",
            "state": "stopped",
            "size": 13,
        }
    ]
