"""The alarm URLs of a VNF, one for each trigger, in Tacker's form: who knows the key in it may have it done."""

from __future__ import annotations

import secrets
import string
from urllib.parse import quote

from fed_common.core.vnf import AlarmTrigger, EventType, Vnfd
from fed_common.monitor.models import Vnf
from fed_common.monitor.vnfd.actions import JOINED_BY
from fed_common.monitor.vnfd.keeping import vnfd_of
from fed_common.monitor.vnfs.statuses import note_vnf
from fed_common.telemetry.redact import MASK

KEYS, POLICY = "alarm_keys", "alarming_policy"
LETTERS, LENGTH = string.ascii_lowercase + string.digits, 8


def mint(vnf: Vnf, vnfd: Vnfd) -> None:
    """Give each trigger its key. Call it in the transaction that makes the VNF, whose events tell of it."""
    if not vnfd.triggers:
        return
    vnf.attributes[KEYS] = {
        one.name: "".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for one in vnfd.triggers
    }
    vnf.save(update_fields=["attributes", "updated_at"])
    for one in vnfd.triggers:
        note_vnf(vnf, EventType.MONITOR, f"Alarm URL set successfully: {one.name}")


def word_of(trigger: AlarmTrigger) -> str:
    """Its actions, as one part of the URL says them before it is quoted."""
    return JOINED_BY.join(trigger.actions)


def shown_urls(vnf: Vnf, base: str, *, keys: bool) -> dict[str, str]:
    """Trigger -> URL, as Tacker's attributes have them. Without ``keys`` they are masked: who has one may act."""
    known = vnf.attributes.get(KEYS)
    if not known:
        return {}
    urls = {
        one.name: f"{base}/v1.0/vnfs/{vnf.pk}/{one.name}/{quote(word_of(one), safe='')}/"
        + (known[one.name] if keys else MASK)
        for one in vnfd_of(vnf).triggers
    }
    return {POLICY: str(vnf.pk), **urls}
