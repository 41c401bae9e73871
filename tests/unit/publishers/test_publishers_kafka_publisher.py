"""The Kafka publisher without a broker: options, partitions, deadlines, rebuilding."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from kafka import errors
from kafka.partitioner import DefaultPartitioner

from fed_common.core.errors import Invalid, Retryable
from fed_common.publishers.kafka import KafkaPublisher
from fed_common.publishers.kafka import producer as producer_module
from fed_common.publishers.kafka import publisher as publisher_module
from fed_common.publishers.kafka.config import KafkaConfig
from fed_common.publishers.kafka.producer import RememberingPartitioner, build_producer
from fed_common.telemetry import metrics
from tests.messages import message, numbered


class Future:
    """Resolved from the start, or never."""

    def __init__(self, error: Exception | None = None, *, done: bool = True) -> None:
        self.exception, self.is_done = error, done

    def get(self, timeout: float) -> None:
        if not self.is_done:
            raise errors.KafkaTimeoutError("not in time")
        if self.exception:
            raise self.exception


class Producer:
    """Takes the place of kafka-python's; answers with what it was given."""

    def __init__(self, *answers: Any) -> None:
        self.sent: list[str] = []
        self.retired = threading.Event()
        self._answers = list(answers)
        self._sender = self

    def send(self, topic: str, value: bytes, key: bytes, timestamp_ms: int) -> Future:
        answer = self._answers.pop(0) if self._answers else Future()
        if isinstance(answer, Exception):
            raise answer
        self.sent.append(value.decode())
        return answer

    def force_close(self) -> None:
        self.retired.set()

    def join(self, timeout: float) -> None:
        pass

    def is_alive(self) -> bool:
        return False

    def close(self, timeout: float) -> None:
        pass


@pytest.fixture
def built_with(monkeypatch: pytest.MonkeyPatch) -> Callable[..., KafkaPublisher]:
    """A publisher whose producers are these, one after another; an exception is a failure to build."""

    def build(*producers: Any) -> KafkaPublisher:
        waiting = list(producers)

        def next_producer(options: dict[str, Any], *, timeout: float) -> Any:
            producer = waiting.pop(0)
            if isinstance(producer, Exception):
                raise producer
            return producer

        monkeypatch.setattr(publisher_module, "build_producer", next_producer)
        return KafkaPublisher(KafkaConfig(bootstrap="h:1"))

    return build


def refusal(publisher: KafkaPublisher, messages: Sequence[Any]) -> Retryable:
    with pytest.raises(Retryable) as caught:
        publisher.publish(messages, timeout=5)
    return caught.value


def test_what_is_not_confirmed_is_unsent_and_the_producer_is_replaced(built_with: Any) -> None:
    never = Future(done=False)
    wedged, fresh = Producer(Future(), never, Future(), never), Producer()
    publisher = built_with(wedged, fresh)
    messages = numbered(4)
    rebuilds = metrics.REBUILDS._value.get()

    error = refusal(publisher, messages)

    assert error.unsent == [messages[1], messages[3]]
    assert metrics.REBUILDS._value.get() == rebuilds + 1
    assert wedged.retired.wait(60)
    assert publisher.publish(error.unsent, timeout=5) == []
    assert len(fresh.sent) == 2


def test_after_a_first_failure_the_others_are_not_waited_for(
    built_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    slow = Future(done=False)
    monkeypatch.setattr(
        slow, "get", lambda timeout: waited.append(timeout) or Future.get(slow, timeout), raising=False
    )
    publisher = built_with(Producer(Future(errors.KafkaTimeoutError("expired")), slow, slow))

    refusal(publisher, numbered(3))

    assert waited == [0.0, 0.0]


def test_a_topic_without_metadata_is_waited_for_once_not_once_a_message(built_with: Any) -> None:
    producer = Producer(Future(), errors.KafkaTimeoutError("Failed to update metadata"))
    publisher = built_with(producer, Producer())
    messages = numbered(5)

    assert refusal(publisher, messages).unsent == messages[1:]
    assert len(producer.sent) == 1


@pytest.mark.parametrize(
    "never",
    [
        errors.MessageSizeTooLargeError(None),
        errors.InvalidTopicError("T1"),
        errors.TopicAuthorizationFailedError("T1"),
    ],
)
def test_a_message_refused_by_the_brokers_is_found_on_a_producer_of_its_own(
    built_with: Any, never: Exception
) -> None:
    shared = Producer(Future(), Future(never), Future(never))
    suspects, first, second = Producer(Future(never), Future(never)), Producer(Future(never)), Producer()
    publisher = built_with(shared, suspects, first, second)
    messages = numbered(3)

    (refused,) = publisher.publish(messages, timeout=5)

    assert refused.message == messages[1]
    assert type(never).__name__ in refused.reason
    assert second.sent == ['{"id": "2"}']
    assert all(one.retired.wait(60) for one in (shared, suspects, first, second))


def test_a_broker_that_goes_away_while_the_culprit_is_sought_loses_nothing(built_with: Any) -> None:
    too_large = errors.MessageSizeTooLargeError(None)
    publisher = built_with(Producer(Future(too_large), Future(too_large)), errors.KafkaTimeoutError("gone"))
    messages = [message(value=b"x" * 2_000_000), *numbered(2)]

    assert refusal(publisher, messages).unsent == messages


@pytest.mark.parametrize(
    ("trouble", "words", "pause"),
    [
        (errors.KafkaTimeoutError("Unable to bootstrap"), "no Kafka broker of h:1 answers over PLAINTEXT", None),
        (errors.SaslAuthenticationFailedError("wrong"), "Kafka at h:1: ", 30),
        (FileNotFoundError(2, "No such file", "/ca.pem"), "/ca.pem", 30),
    ],
)
def test_a_connection_that_fails_says_why_and_whether_an_operator_is_needed(
    built_with: Any, trouble: Exception, words: str, pause: float | None
) -> None:
    messages = numbered(2)

    error = refusal(built_with(trouble), messages)

    assert words in error.reason
    assert error.retry_after == pause
    assert error.unsent == messages


def test_threads_do_not_queue_up_behind_one_that_connects(built_with: Any) -> None:
    publisher = built_with(Producer())

    with publisher._building, pytest.raises(Retryable, match="still connecting"):
        publisher.publish(numbered(1), timeout=0.05)


def test_what_is_in_flight_is_bounded(built_with: Any) -> None:
    publisher = built_with(Producer())
    for _ in range(publisher_module.PARTS_IN_FLIGHT):
        publisher._slots.acquire()

    with pytest.raises(Retryable, match="too many messages are in flight"):
        publisher.publish(numbered(1), timeout=0.05)


def test_close_ends_the_producer_once(built_with: Any) -> None:
    producer = Producer()
    publisher = built_with(producer)
    publisher.publish(numbered(1), timeout=5)

    publisher.close()
    publisher.close()

    assert producer.retired.is_set()


def test_tls_and_sasl_options_reach_the_producer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    paths = {name: str(tmp_path / name) for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile")}
    for path in paths.values():
        Path(path).touch()
    config = KafkaConfig(
        bootstrap="a:1,b:2",
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="me",
        sasl_password="hunter2",
        compression="gzip",
        **paths,
    )
    given: dict[str, Any] = {}
    monkeypatch.setattr(producer_module, "KafkaProducer", lambda **options: given.update(options))

    build_producer(KafkaPublisher(config)._options, timeout=2.5)

    expected = {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "me",
        "sasl_plain_password": "hunter2",
        "compression_type": "gzip",
        "acks": "all",
        "enable_idempotence": True,
        "bootstrap_timeout_ms": 2500,
        **paths,
    }
    assert {name: given[name] for name in expected} == expected
    assert "hunter2" not in repr(config)


def test_every_option_we_pass_is_one_of_kafka_pythons() -> None:
    known = producer_module.KafkaProducer.DEFAULT_CONFIG

    assert set(producer_module.DURABLE) <= set(known)


def test_a_tls_file_that_is_not_there_is_named() -> None:
    publisher = KafkaPublisher(KafkaConfig(bootstrap="h:1", security_protocol="SSL", ssl_cafile="/no/ca.pem"))

    with pytest.raises(Retryable, match=r"/no/ca\.pem"):
        publisher.check(timeout=1)


def test_without_bootstrap_the_gateways_own_kafka_is_used(settings: Any) -> None:
    settings.KAFKA = "own:9092"

    assert KafkaPublisher(KafkaConfig())._options["bootstrap_servers"] == ["own:9092"]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"bootstrap": ""}, "bootstrap"),
        ({"security_protocol": "TLS"}, "security_protocol"),
        ({"compression": "zip"}, "compression"),
        ({"security_protocol": "SASL_SSL"}, "sasl_mechanism"),
        ({"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN"}, "sasl_username"),
        ({"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN", "sasl_username": "a"}, "sasl_password"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(options: dict[str, Any], field: str, settings: Any) -> None:
    settings.KAFKA = ""

    with pytest.raises(Invalid) as caught:
        KafkaPublisher(KafkaConfig(**{"bootstrap": "h:1", **options}))

    assert caught.value.field == f"options.{field}"


class Cluster:
    """As much of kafka-python's metadata as partitioners ask for."""

    def __init__(self, partitions: set[int]) -> None:
        self._partitions = partitions

    def topics(self) -> set[str]:
        return {"T"}

    def partitions_for_topic(self, topic: str) -> set[int]:
        return self._partitions

    available_partitions_for_topic = partitions_for_topic


@given(st.binary(max_size=60), st.sets(st.integers(0, 20), min_size=1))
def test_a_key_goes_to_the_partition_kafka_itself_would_choose(key: bytes, partitions: set[int]) -> None:
    cluster = Cluster(partitions)

    ours = RememberingPartitioner().partition("T", key, key, b"", b"", cluster)

    assert ours == DefaultPartitioner().partition("T", key, key, b"", b"", cluster)


def test_partitions_that_are_not_known_just_now_are_retryable() -> None:
    with pytest.raises(errors.RetriableError):
        RememberingPartitioner().partition("T", b"k", b"k", b"", b"", Cluster(set()))


def test_missing_crc32c_is_said_loudly_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(producer_module.record_util, "crc32c_c", None)
    producer_module.warn_without_crc32c.cache_clear()

    with structlog.testing.capture_logs() as lines:
        producer_module.warn_without_crc32c()
        producer_module.warn_without_crc32c()

    assert [line["log_level"] for line in lines] == ["warning"]
    assert "crc32c" in lines[0]["event"]


def test_the_fast_checksum_is_installed() -> None:
    assert producer_module.record_util.crc32c_c is not None
