"""``/v1.0/vnfs/{vnf}/{trigger}/{action}/{key}``: where Aodh tells that an alarm fires, as it tells Tacker."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access import throttle
from fed_common.access.authentication import address_of
from fed_common.core.alarm import AlarmState
from fed_common.core.errors import Invalid, NotFound
from fed_common.core.vnf import AlarmTrigger
from fed_common.monitor.conductor.firing import Fired, fire
from fed_common.monitor.conductor.words import is_text, read_uuid
from fed_common.monitor.models import Operation, Vnf
from fed_common.monitor.vnfd.keeping import vnfd_of
from fed_common.monitor.vnfs.alarm_urls import KEYS, word_of

LONGEST_ID = 200
REQUESTS = ("Idempotency-Key", "X-Openstack-Request-Id")


class AlarmUrl(APIView):
    """Asks for no token: the key in the URL is the leave to have the actions of this trigger done."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def post(self, request: Request, vnf: str, trigger: str, action: str, key: str) -> Response:
        """What is done, or why nothing is. The same transition of an alarm is answered once."""
        row, known = _found(request, vnf, trigger, key)
        if action != word_of(known):
            raise NotFound("alarm URL", action)
        operations = fire(row, known, _fired(request))
        return Response({"trigger": trigger, "operations": [_told(one) for one in operations]})


def _found(request: Request, vnf: str, trigger: str, key: str) -> tuple[Vnf, AlarmTrigger]:
    """Raises NotFound; PermissionDenied: another key; Throttled: too many wrong ones from there."""
    id = read_uuid(vnf)
    row = Vnf.objects.filter(pk=id).first() if id else None
    if row is None:
        raise NotFound("VNF", vnf)
    known = next((one for one in vnfd_of(row).triggers if one.name == trigger), None)
    minted = row.attributes.get(KEYS, {}).get(trigger, "")
    if known is None or not minted:
        raise NotFound("trigger", trigger)
    throttle.check_address(address_of(request))
    if not secrets.compare_digest(key.encode(), minted.encode()):
        throttle.failed(address_of(request))
        raise PermissionDenied("the key is not that of this trigger")
    return row, known


def _fired(request: Request) -> Fired:
    """Of Aodh's body. Raises Invalid: no alarm_id, or it tells that no alarm is on."""
    body = request.data if isinstance(request.data, dict) else {}
    alarm_id, current = body.get("alarm_id"), body.get("current")
    if not alarm_id or not is_text(alarm_id, LONGEST_ID):
        raise Invalid("alarm_id", alarm_id, f"the alarm's id, of at most {LONGEST_ID} characters")
    if current != AlarmState.ALARM:
        raise Invalid("current", current, [AlarmState.ALARM.value])
    return Fired(
        alarm_id=alarm_id,
        said=hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(),
        previous=_text(body.get("previous")),
        reason=_text(body.get("reason")),
        request=next((one for name in REQUESTS if (one := request.headers.get(name, ""))), "")[:LONGEST_ID],
    )


def _text(value: object) -> str:
    """It, or nothing where it is none that can be stored."""
    return str(value) if is_text(value) else ""


def _told(operation: Operation) -> dict[str, Any]:
    return {"id": operation.pk, "kind": operation.kind, "state": operation.state, "reason": operation.reason}
