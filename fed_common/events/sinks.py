"""The sinks of a subscription: what callers send, what is kept sealed, what is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from django.conf import settings

from fed_common.access.sealing import seal, unseal
from fed_common.core.errors import Invalid, Permanent
from fed_common.events.models import Sink
from fed_common.interfaces.publisher import Publisher
from fed_common.interfaces.registry import Registry, is_secret, parse_config
from fed_common.interfaces.topics import check_topic
from fed_common.publishers.formats import format_named
from fed_common.telemetry.redact import MASK, redact_value

WITHOUT_TOPIC = ("bus", "log", "store")


def publishers() -> Registry[Publisher]:
    """The publishers there are."""
    return Registry("publisher", "mcfed.publishers", settings.PUBLISHERS)


def read_sinks(given: Sequence[Mapping[str, Any]], kept: Sequence[Sink]) -> list[Sink]:
    """New rows, not saved, for the sinks given in ``SinkSerializer``'s fields.

    Options that are exactly as ``shown_options`` shows those of a sink in ``kept`` mean that sink's own
    options, secrets included. So a secret goes on to where it went before, and nowhere else.
    Raises Invalid naming the sink by its place, the field, the value and what is allowed.
    """
    return [_placed(place, one, kept) for place, one in enumerate(given)]


def shown_options(sink: Sink) -> dict[str, Any]:
    """The options with every secret as ``***``."""
    try:
        options = json.loads(unseal(sink.sealed_options)) if sink.sealed_options else {}
        secret = _secret_names(sink.publisher)
    except (Permanent, Invalid):  # sealed with another key, or of a publisher that is no longer installed
        return {"sealed": MASK}
    return {name: MASK if name in secret and value else redact_value("", value) for name, value in options.items()}


def _placed(place: int, given: Mapping[str, Any], kept: Sequence[Sink]) -> Sink:
    try:
        return _read(given, kept)
    except Invalid as error:
        raise Invalid(f"sinks[{place}].{error.field}", error.value, error.allowed) from None


def _read(given: Mapping[str, Any], kept: Sequence[Sink]) -> Sink:
    publisher, options = given.get("publisher", ""), given.get("options") or {}
    publishers().get(publisher)
    sink = Sink(
        publisher=publisher,
        topic=_topic(publisher, given.get("topic", "")),
        format=given.get("format", "spec"),
        required=given.get("required", True),
    )
    format_named(sink.format)
    same = [one for one in kept if one.publisher == publisher and shown_options(one) == options]
    sink.sealed_options = same[0].sealed_options if same else _sealed(publisher, options)
    return sink


def _topic(publisher: str, name: str) -> str:
    """The default topic when none is named; a publisher that needs none gets none."""
    topic = name or ("" if publisher in WITHOUT_TOPIC else settings.DEFAULT_TOPIC)
    if topic:
        check_topic(topic)
    return topic


def _sealed(publisher: str, options: Mapping[str, Any]) -> str:
    for name, value in options.items():
        if MASK in json.dumps(value):
            allowed = f"the secret itself: {MASK} stands for it only while the sink's other options stay the same"
            raise Invalid(f"options.{name}", MASK, allowed)
    kind = publishers().get(publisher)
    try:
        kind(parse_config(kind.Config, options)).close()
    except Invalid as error:
        secret = error.field.rpartition(".")[2] in _secret_names(publisher)
        raise Invalid(error.field, MASK if secret else error.value, error.allowed) from None
    return seal(json.dumps(options, sort_keys=True)) if options else ""


def _secret_names(publisher: str) -> set[str]:
    return {item.name for item in fields(publishers().get(publisher).Config) if is_secret(item)}
