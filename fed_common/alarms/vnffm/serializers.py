"""The bodies SOL 003 sends us, with its own names."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from fed_common.core.alarm import EventCategory, Severity
from fed_common.core.sol003 import (
    ACKNOWLEDGED,
    CLEARED,
    COMPUTE,
    NETWORK,
    RAISED_OR_CHANGED,
    REBUILT,
    STORAGE,
    UNACKNOWLEDGED,
)
from fed_common.inventory.fields import TextField
from fed_common.inventory.serializers import StrictSerializer

MOST = 100


def _many(child: serializers.Field[Any, Any, Any, Any]) -> Any:
    return serializers.ListField(child=child, max_length=MOST, required=False)


class VnfFilter(StrictSerializer):
    """Which VNFs; those of a descriptor or a product are not known here."""

    vnfInstanceIds = _many(TextField(max_length=255))
    vnfInstanceNames = _many(TextField(max_length=255))


class FilterBody(StrictSerializer):
    """FmNotificationsFilter."""

    notificationTypes = _many(serializers.ChoiceField([RAISED_OR_CHANGED, CLEARED, REBUILT]))
    faultyResourceTypes = _many(serializers.ChoiceField([COMPUTE, STORAGE, NETWORK]))
    perceivedSeverities = _many(serializers.ChoiceField(list(Severity)))
    eventTypes = _many(serializers.ChoiceField(list(EventCategory)))
    probableCauses = _many(TextField(max_length=255))
    vnfInstanceSubscriptionFilter = VnfFilter(required=False)


class BasicBody(StrictSerializer):
    """The user and password of HTTP Basic."""

    userName = TextField(max_length=255)
    password = TextField(max_length=2000, trim_whitespace=False, allow_blank=True, required=False)


class AuthenticationBody(StrictSerializer):
    """SubscriptionAuthentication, as far as it is understood here."""

    authType = serializers.ListField(child=serializers.ChoiceField(["BASIC"]), min_length=1)
    paramsBasic = BasicBody()


class SubscriptionBody(StrictSerializer):
    """FmSubscriptionRequest."""

    callbackUri = TextField(max_length=2000)
    filter = FilterBody(required=False)
    authentication = AuthenticationBody(required=False)


class ModificationBody(StrictSerializer):
    """AlarmModifications."""

    ackState = serializers.ChoiceField([ACKNOWLEDGED, UNACKNOWLEDGED])
