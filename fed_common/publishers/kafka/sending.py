"""One batch through one producer: hand it over, wait, and say what became of each message."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import errors

from fed_common.interfaces.publisher import Message

NEVER = (
    errors.MessageSizeTooLargeError,
    errors.RecordListTooLargeError,
    errors.InvalidTopicError,
    errors.TopicAuthorizationFailedError,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``left`` are the messages not confirmed, in order; ``trouble`` is why.

    ``refused`` means the brokers refuse one of them at least; the others may just have been with it.
    """

    left: Sequence[Message] = ()
    trouble: str = ""
    refused: bool = False


def send_batch(producer: Any, messages: Sequence[Message], deadline: float) -> Outcome:
    """Send all and wait until ``deadline`` (monotonic). Never raises what the brokers say."""
    verdicts = list(_verdicts(_handed_over(producer, messages), deadline))
    failed = [error for error in verdicts if error is not None]
    if not failed:
        return Outcome()
    left = [one for one, error in zip(messages, verdicts, strict=True) if error is not None]
    troubles = [error for error in failed if not isinstance(error, NEVER)]
    return Outcome(left, said((troubles or failed)[0]), refused=not troubles)


def said(error: Exception) -> str:
    """The error's words; kafka-python's begin with its name."""
    return str(error) or type(error).__name__


def _handed_over(producer: Any, messages: Sequence[Message]) -> list[Any]:
    """A future, or the reason why there is none, for every message in order."""
    sent: list[Any] = []
    for message in messages:
        try:
            sent.append(_send_one(producer, message))
        except NEVER as error:
            sent.append(error)
        except (errors.KafkaError, ValueError) as error:
            # no metadata or no producer: the others would each wait as long in vain
            sent += [error] * (len(messages) - len(sent))
            break
    return sent


def _send_one(producer: Any, message: Message) -> Any:
    # a cloud whose clock is ahead must not get its records refused by the brokers
    moment = min(message.event.occurred_at, message.event.received_at)
    key = message.key.encode(errors="replace")
    return producer.send(message.topic, message.value, key, timestamp_ms=max(0, int(moment.timestamp() * 1000)))


def _verdicts(sent: Sequence[Any], deadline: float) -> Iterator[Exception | None]:
    """What became of each: None is confirmed. After a first failure nothing is waited for any more."""
    for one in sent:
        verdict = one if isinstance(one, Exception) else _verdict(one, deadline)
        if verdict is not None and not isinstance(verdict, NEVER):
            deadline = 0.0
        yield verdict


def _verdict(future: Any, deadline: float) -> Exception | None:
    if future.is_done and future.exception is None:
        return None
    try:
        future.get(timeout=max(0.0, deadline - time.monotonic()))
    except errors.KafkaError as error:
        failure: Exception = error
        return failure
    return None
