"""Named far sides: what admins send, what is kept sealed, what is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from django.db import IntegrityError

from fed_common.access.sealing import seal, unseal
from fed_common.core.alarm_filter import parse_alarm_filter
from fed_common.core.errors import Conflict, Invalid, NotFound, Permanent
from fed_common.interfaces.registry import is_secret, parse_config
from fed_common.notify import targets
from fed_common.notify.models import Receiver
from fed_common.notify.services import check_endpoint
from fed_common.telemetry.redact import MASK, redact_value
from fed_common.topics.database import writing

TIMEOUT = 10.0
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


def find_receiver(name: str) -> Receiver:
    """The receiver of that name. Raises NotFound."""
    row = Receiver.objects.filter(name=name).first()
    if row is None:
        raise NotFound("receiver", name)
    return row


def create_receiver(body: Mapping[str, Any], *, by: str) -> Receiver:
    """Make one of ``ReceiverSerializer``'s fields. Raises Invalid; Conflict; Retryable: no database."""
    name = _checked(body["name"])
    row = _filled(Receiver(name=name, created_by=by), body)
    try:
        with writing(TIMEOUT):
            row.save(force_insert=True)
    except IntegrityError:
        raise Conflict("receiver", name) from None
    targets.forget_receivers()
    return row


def save_receiver(body: Mapping[str, Any], *, by: str) -> tuple[Receiver, bool]:
    """Make it or replace it as a whole, and whether it was made. Raises Invalid; Retryable: no database.

    Options exactly as ``shown_options`` shows them mean the ones there are, secrets included.
    """
    name = _checked(body["name"])
    found = Receiver.objects.filter(name=name).first()
    row = _filled(found or Receiver(name=name, created_by=by), body)
    with writing(TIMEOUT):
        row.save()
    targets.forget_receivers()
    return row, found is None


def remove_receiver(name: str) -> None:
    """Forget it: what waits for it is dead at its next try. Raises NotFound; Retryable: no database."""
    with writing(TIMEOUT):
        if not Receiver.objects.filter(name=name).delete()[0]:
            raise NotFound("receiver", name)
    targets.forget_receivers()


def shown_options(row: Receiver) -> dict[str, Any]:
    """The options with every secret as ``***``."""
    try:
        options = json.loads(unseal(row.sealed_options)) if row.sealed_options else {}
        secret = _secret_names(row.notifier)
    except (Permanent, Invalid):  # sealed with another key, or of a notifier that is no longer installed
        return {"sealed": MASK}
    return {name: MASK if name in secret and value else redact_value("", value) for name, value in options.items()}


def _filled(row: Receiver, body: Mapping[str, Any]) -> Receiver:
    notifier, options = body["notifier"], body.get("options") or {}
    targets.notifiers().get(notifier)
    if row.notifier != notifier or shown_options(row) != options:
        row.sealed_options = _sealed(notifier, options)
    wanted = body.get("filter")
    row.filter = None if wanted is None else parse_alarm_filter(wanted).to_dict()
    row.notifier, row.enabled = notifier, body.get("enabled", True)
    return row


def _sealed(notifier: str, options: Mapping[str, Any]) -> str:
    for name, value in options.items():
        if MASK in json.dumps(value):
            allowed = f"the secret itself: {MASK} stands for it only while the other options stay the same"
            raise Invalid(f"options.{name}", MASK, allowed)
    kind = targets.notifiers().get(notifier)
    try:
        made = kind(parse_config(kind.Config, options))
    except Invalid as error:
        secret = error.field.rpartition(".")[2] in _secret_names(notifier)
        raise Invalid(error.field, MASK if secret else error.value, error.allowed) from None
    check_endpoint(made.endpoint, field="options")
    return seal(json.dumps(options, sort_keys=True)) if options else ""


def _secret_names(notifier: str) -> set[str]:
    return {item.name for item in fields(targets.notifiers().get(notifier).Config) if is_secret(item)}


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Invalid("name", name, "1 to 100 letters, digits, '.', '_' and '-'")
    return name
