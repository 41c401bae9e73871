"""Publishing a long batch in parts a far side can take, and finding the one message it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from django.conf import settings

from fed_common.core.errors import Invalid, Retryable
from fed_common.interfaces.publisher import Message, Refused
from fed_common.interfaces.topics import check_topic

Part = Sequence[Message]


class PartRefused(Exception):
    """The far side will not take this part as it is. ``left`` is what it does not hold: all, if unknown."""

    def __init__(self, reason: str, left: Part | None = None) -> None:
        self.reason, self.left = reason, left
        super().__init__(reason)


def sort_out_unfit(messages: Sequence[Message]) -> tuple[list[Message], list[Refused]]:
    """What a far side can be asked to take, and what it cannot: too big, or for no topic's name."""
    fitting: list[Message] = []
    refused: list[Refused] = []
    for message in messages:
        reason = _unfit(message)
        if reason:
            refused.append(Refused(message, reason))
        else:
            fitting.append(message)
    return fitting, refused


def parts_of(messages: Iterable[Message], *, most: int, most_bytes: int) -> Iterator[list[Message]]:
    """The messages in order, cut so that no part exceeds the limits; a bigger message goes alone."""
    part: list[Message] = []
    size = 0
    for message in messages:
        if part and (len(part) >= most or size + len(message.value) > most_bytes):
            yield part
            part, size = [], 0
        part.append(message)
        size += len(message.value)
    if part:
        yield part


def publish_parts(
    parts: Iterable[Part], send: Callable[[Part], Sequence[Refused]], refused: Sequence[Refused] = ()
) -> list[Refused]:
    """Send the parts one after another; a part refused as a whole is halved until the culprit is alone.

    ``send`` returns what was refused, or raises PartRefused, or Retryable. ``refused`` is what the
    caller has refused already. Raises Retryable whose ``unsent`` is everything not confirmed, in
    order but for the refused, which come first.
    """
    refused = list(refused)
    waiting = [*parts][::-1]
    while waiting:
        part = waiting.pop()
        try:
            refused += send(part)
        except PartRefused as error:
            if len(part) == 1:
                refused.append(Refused(part[0], error.reason))
            else:
                waiting += _halves(part if error.left is None else error.left)[::-1]
        except Retryable as error:
            left = [one.message for one in refused] + [*(part if error.unsent is None else error.unsent)]
            left += [message for later in reversed(waiting) for message in later]
            raise Retryable(error.reason, retry_after=error.retry_after, unsent=left) from error
    return refused


def _unfit(message: Message) -> str:
    size, most = len(message.value), settings.MESSAGE_MAX_BYTES
    if size > most:
        return f"{size} bytes are too much; at most {most} (MCFED_MESSAGE_MAX_BYTES)"
    try:
        check_topic(message.topic)
    except Invalid as error:
        return str(error)
    return ""


def _halves(part: Part) -> list[Part]:
    middle = len(part) // 2
    return [half for half in (part[:middle], part[middle:]) if half]
