"""Which hosts the detectors of the house watch, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from django.conf import settings

from fed_common.access.sealing import seal, unseal
from fed_common.core.errors import Invalid, NotFound, Permanent
from fed_common.faults.finding import require_host
from fed_common.faults.models import WatchedHost
from fed_common.interfaces.detector import Detector
from fed_common.interfaces.registry import Registry, is_secret, parse_config
from fed_common.inventory.models import Vim
from fed_common.inventory.services import find_vim
from fed_common.telemetry.redact import MASK
from fed_common.topics.database import writing

TIMEOUT = 10.0
GROUP = "mcfed.detectors"
UP, DOWN = "up", "down"


def detectors() -> Registry[Detector]:
    """The detectors there are, third parties' too."""
    return Registry("detector", GROUP, settings.DETECTORS)


def watch_host(
    vim_id: str, host: str, detector: str, options: Mapping[str, Any], *, enabled: bool = True
) -> WatchedHost:
    """Have the host watched in this way from now on; that it was up in another way is forgotten.

    Without an address it is the host's name. Raises NotFound: no such VIM or host; Invalid naming the option.
    """
    kind = _with_config(detector)
    vim = find_vim(vim_id)
    require_host(vim, host)
    row = WatchedHost.objects.filter(vim=vim, host=host, detector=detector).first()
    given = dict(options)
    if row is None or given != shown_options(row):
        if "address" in {item.name for item in fields(kind)}:
            given = {"address": host, **given}
        parse_config(kind, given)
    with writing(TIMEOUT):
        return _kept(vim, host, detector, given, enabled)


def unwatch_host(vim_id: str, host: str, detector: str) -> None:
    """Watch it no more in this way; a fault that is open stays open. Raises NotFound."""
    if not WatchedHost.objects.filter(vim=find_vim(vim_id), host=host, detector=detector).delete()[0]:
        raise NotFound("detector of the host", detector)


def config_of(row: WatchedHost) -> Any:
    """The detector's Config. Raises Invalid: the detector or an option is no more; Permanent: another key's."""
    return parse_config(_with_config(row.detector), _options(row))


def shown_options(row: WatchedHost) -> dict[str, Any]:
    """The options with every secret as ``***``."""
    try:
        options = _options(row)
        secret = {item.name for item in fields(_with_config(row.detector)) if is_secret(item)}
    except (Permanent, Invalid):  # sealed with another key, or of a detector that is no longer installed
        return {"sealed": MASK}
    return {name: MASK if name in secret and value else value for name, value in options.items()}


def _kept(vim: Vim, host: str, detector: str, given: Mapping[str, Any], enabled: bool) -> WatchedHost:
    rows = WatchedHost.objects.select_for_update().filter(vim=vim, host=host, detector=detector)
    row = rows.first() or WatchedHost(vim=vim, host=host, detector=detector)
    if row.pk is None or given != shown_options(row):
        row.sealed_options = seal(json.dumps(given, sort_keys=True))
        if row.state != DOWN:
            row.state, row.reason, row.changed_at = "", "", None
    row.enabled = enabled
    row.save()
    return row


def _options(row: WatchedHost) -> dict[str, Any]:
    options: dict[str, Any] = json.loads(unseal(row.sealed_options)) if row.sealed_options else {}
    return options


def _with_config(detector: str) -> type:
    """The Config of a detector that watches single hosts. Raises Invalid."""
    config = detectors().get(detector).Config
    if config is None:
        raise Invalid("detector", detector, "one that watches single hosts, such as ping or tcp")
    return config
