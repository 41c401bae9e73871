"""Executors as processes, on real PostgreSQL and RabbitMQ."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import oslo_messaging
import pika
import pytest
from oslo_config import cfg

from fed_common.core.errors import Retryable
from fed_common.core.health import BAD_ACTION, Health
from fed_common.monitor.rpc import EXCHANGE, KILL_TOPIC
from tests.executors import Executors, Listening, executors, measured, told
from tests.processes import Process
from tests.tcp_proxy import TcpProxy
from tests.waiting import until

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def all_of_it(tmp_path_factory: Any, rabbitmq_url: str, postgres_url: str) -> Iterator[Executors]:
    with executors(tmp_path_factory.mktemp("executors"), rabbitmq_url, postgres_url) as made:
        yield made


@pytest.fixture
def monitor(all_of_it: Executors) -> Process:
    """The only executor, which most tests share; each has targets of its own."""
    return all_of_it.one()


@pytest.fixture
def listening() -> Iterator[Listening]:
    made = Listening()
    yield made
    made.close()


def stock(all_of_it: Executors, server: str, method: str, **arguments: Any) -> None:
    """Cast as Tacker does."""
    transport = oslo_messaging.get_rpc_transport(cfg.CONF, all_of_it.host.url)
    target = oslo_messaging.Target(exchange=EXCHANGE, topic=KILL_TOPIC, fanout=False, version="1.0")
    oslo_messaging.get_rpc_client(transport, target).prepare(server=server).cast({}, method, **arguments)


def watched(all_of_it: Executors, listening: Listening, **columns: Any) -> tuple[int, str, str]:
    """A target that was found UP, and whose queue is read."""
    id, action, subject = all_of_it.targets.add(listening.port, **columns)
    all_of_it.hurry()
    until(lambda: all_of_it.conductor._of(id))
    until(lambda: f"{KILL_TOPIC}.{subject}" in all_of_it.host.queues())
    return id, action, subject


def asked_again(listening: Listening, times: int = 5) -> bool:
    before = listening.asked
    until(lambda: listening.asked >= before + times)
    return True


def asked_no_more(listening: Listening, other: Listening) -> bool:
    """Whether it soon is not asked any more, while another target of the same interval is."""

    def silent() -> bool:
        before = listening.asked
        return asked_again(other) and listening.asked == before

    return until(silent)


def test_only_what_flips_costs_a_call(all_of_it: Executors, monitor: Process, listening: Listening) -> None:
    conductor = all_of_it.conductor
    id, _, _ = watched(all_of_it, listening)
    assert conductor._of(id) == [("UP", "first_check")]
    calls = conductor.calls
    until(lambda: measured(monitor, "mcfed_executor_calls_total") == calls)
    asked_again(listening, 20)
    assert conductor.calls == measured(monitor, "mcfed_executor_calls_total") == calls  # T15
    listening.close()
    until(lambda: conductor._of(id)[1:] == [("DOWN", "fall")])
    listening.open()
    until(lambda: conductor._of(id)[2:] == [("UP", "rise")])
    assert conductor.calls == calls + 2


def test_a_stock_client_kills_a_subject_s_action_and_no_other(
    all_of_it: Executors, monitor: Process, listening: Listening
) -> None:
    other = Listening()
    watched(all_of_it, other)
    _, action, subject = watched(all_of_it, listening)
    stock(all_of_it, str(uuid.uuid4()), "killAction")  # T31
    asked_again(listening)
    stock(all_of_it, subject, "killAction")  # T30
    until(lambda: action in all_of_it.conductor.kills)
    assert asked_no_more(listening, other)
    until(lambda: f"{KILL_TOPIC}.{subject}" not in all_of_it.host.queues())
    other.close()


def test_a_kill_of_an_older_action_is_counted_and_ignored(
    all_of_it: Executors, monitor: Process, listening: Listening
) -> None:
    _, action, subject = watched(all_of_it, listening)
    stale = measured(monitor, "mcfed_stale_kills_total")
    stock(all_of_it, subject, "kill", action_id=str(uuid.uuid4()))  # T32
    until(lambda: measured(monitor, "mcfed_stale_kills_total") == stale + 1)
    asked_again(listening)
    for _ in range(2):
        stock(all_of_it, subject, "kill", action_id=action)
    until(lambda: all_of_it.conductor.kills.count(action) == 1)  # T33


def test_after_an_update_only_the_new_address_is_asked(
    all_of_it: Executors, monitor: Process, listening: Listening
) -> None:
    id, action, _ = watched(all_of_it, listening)
    moved = Listening()
    all_of_it.targets.change(id, port=moved.port)
    all_of_it.hurry()  # T42
    all_of_it.client.cast("update", fanout=True, action_id=action, parameter={"mgmt_ip": ["ignored"]})  # T41
    asked_again(moved)
    assert asked_no_more(listening, moved)
    moved.close()
    until(lambda: all_of_it.conductor._of(id)[-1] == ("DOWN", "fall"))


def test_a_removed_target_is_asked_no_more(all_of_it: Executors, monitor: Process, listening: Listening) -> None:
    other = Listening()
    watched(all_of_it, other)
    id, _, subject = watched(all_of_it, listening)
    all_of_it.targets.change(id, removed=True)
    all_of_it.hurry()
    until(lambda: f"{KILL_TOPIC}.{subject}" not in all_of_it.host.queues())
    assert asked_no_more(listening, other)
    other.close()


def test_who_is_answered_bad_action_stops_until_the_row_says_otherwise(
    all_of_it: Executors, monitor: Process, listening: Listening
) -> None:
    conductor, other = all_of_it.conductor, Listening()
    watched(all_of_it, other)
    id, action, _ = watched(all_of_it, listening)
    answers = {(action, Health.DOWN): BAD_ACTION}
    conductor.answer = lambda report: answers.get((report.action_id, report.flip.health), report.flip.health.value)
    listening.close()
    until(lambda: conductor._of(id)[-1] == ("DOWN", "fall"))
    listening.open()
    assert asked_no_more(listening, other)
    all_of_it.targets.change(id, action_id=uuid.uuid4())
    all_of_it.hurry()
    asked_again(listening)
    other.close()


def test_a_flip_waits_for_a_conductor(all_of_it: Executors, monitor: Process, listening: Listening) -> None:
    conductor = all_of_it.conductor
    id, _, _ = watched(all_of_it, listening)
    failed = measured(monitor, 'mcfed_executor_calls_total{method="report",outcome="failed"}')
    conductor._close()  # T45
    listening.close()
    until(
        lambda: measured(monitor, 'mcfed_executor_calls_total{method="report",outcome="failed"}') > failed,
        within=60,
    )
    listening.open()
    asked_again(listening)
    conductor._open()
    until(lambda: conductor._of(id)[-1] == ("UP", "rise"))
    assert conductor._of(id)[1:] in ([("UP", "rise")], [("DOWN", "fall"), ("UP", "rise")])


def test_garbage_for_the_executor_is_passed_over(all_of_it: Executors, monitor: Process) -> None:
    name = told(monitor)["executor"]
    url = all_of_it.host.url.replace("rabbit://", "amqp://")
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        for key in (KILL_TOPIC, f"{KILL_TOPIC}.{name}"):  # T46
            for body in (b"", b"{", b"[]", b'{"oslo.version": "2.0", "oslo.message": "{"}'):
                channel.basic_publish(EXCHANGE, key, body, pika.BasicProperties(content_type="application/json"))
    with pytest.raises(Retryable):
        all_of_it.client.call("shutdown", server=name, timeout=2)
    check = {"kind": "ping", "address": "127.0.3.1", "timeout": 1.0}
    assert all_of_it.client.call("second_opinion", server=name, timeout=60, check=check) == "up"


def test_after_a_restart_of_the_bus_kills_and_reports_arrive(
    all_of_it: Executors, monitor: Process, listening: Listening
) -> None:
    id, action, subject = watched(all_of_it, listening)
    all_of_it.host.remove()  # as a restart: everybody is thrown out, and nothing is left of queues and exchanges
    until(lambda: not told(monitor)["kill_queues"])
    all_of_it.host.make()
    until(lambda: f"{KILL_TOPIC}.{subject}" in all_of_it.host.queues())
    listening.close()
    until(lambda: all_of_it.conductor._of(id)[-1] == ("DOWN", "fall"))
    stock(all_of_it, subject, "kill", action_id=action)  # T48
    until(lambda: action in all_of_it.conductor.kills)


def test_a_replacement_is_not_killed_by_what_was_meant_for_the_dead(
    all_of_it: Executors, monitor: Process, listening: Listening
) -> None:
    _, action, subject = watched(all_of_it, listening)
    all_of_it.kill(monitor)
    until(lambda: f"{KILL_TOPIC}.{subject}" not in all_of_it.host.queues())
    stock(all_of_it, subject, "killAction")  # T34
    all_of_it.start()
    until(lambda: f"{KILL_TOPIC}.{subject}" in all_of_it.host.queues())
    asked_again(listening)
    assert action not in all_of_it.conductor.kills


def test_an_executor_that_was_halted_says_nothing_of_what_others_have_now(
    all_of_it: Executors, monitor: Process, listening: Listening
) -> None:
    conductor, steady = all_of_it.conductor, Listening()
    watched(all_of_it, steady)
    id, _, _ = watched(all_of_it, listening)
    monitor.signal(signal.SIGSTOP)  # T95
    heir = all_of_it.start()
    until(lambda: told(heir).get("shards") == 256)
    before = len(conductor.told)
    asked_again(steady)  # T93
    assert len(conductor.told) == before
    listening.close()
    until(lambda: conductor._of(id) == [("UP", "first_check"), ("DOWN", "fall")])  # T94
    monitor.signal(signal.SIGCONT)
    until(lambda: told(monitor).get("shards") and told(heir)["shards"] < 256)
    assert len(conductor.told) == before + 1
    first, second = [one.epoch for one in conductor.told if one.target == id]
    assert first < second
    steady.close()


def test_without_the_database_probing_goes_on_and_nothing_is_said(
    all_of_it: Executors, listening: Listening
) -> None:
    parts = urlsplit(all_of_it.deployment.env["MCFED_DATABASE_URL"])
    proxy = TcpProxy(parts.port or 0)
    netloc = parts.netloc.replace(f":{parts.port}", f":{proxy.port}")
    cut_off = all_of_it.start(MCFED_DATABASE_URL=urlunsplit(parts._replace(netloc=netloc)))
    all_of_it.one()
    steady = Listening()
    watched(all_of_it, steady)
    id, _, _ = watched(all_of_it, listening)
    proxy.block()
    until(lambda: told(cut_off)["fenced"])  # T96, T98
    before = len(all_of_it.conductor.told)
    listening.close()
    asked_again(steady)
    assert len(all_of_it.conductor.told) == before
    proxy.resume()
    until(lambda: all_of_it.conductor._of(id)[-1] == ("DOWN", "fall"))
    assert {one.target for one in all_of_it.conductor.told[before:]} == {id}
    all_of_it.running.remove(cut_off)
    cut_off.stop()
    proxy.close()
    steady.close()
