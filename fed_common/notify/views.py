"""``/api/multicloud/v1/receivers`` and ``/api/multicloud/v1/alarms/deliveries``."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.models import Role
from fed_common.access.tokens import Identity
from fed_common.core import clock
from fed_common.core.alarm import ManagedObject, Notice, NoticeKind, ObjectType, Severity
from fed_common.core.errors import Invalid
from fed_common.notify import deliveries, receivers, schema
from fed_common.notify.models import Receiver
from fed_common.notify.serializers import DeliverySerializer, ReceiverSerializer, WholeDeliverySerializer
from fed_common.notify.services import test_delivery


@schema.RECEIVERS
class Receivers(APIView):
    """All of them."""

    write_role = Role.ADMIN
    every_vim = True  # a receiver may hear of any VIM

    def get(self, _request: Request) -> Response:
        """By name."""
        return Response({"receivers": ReceiverSerializer(Receiver.objects.all(), many=True).data})

    def post(self, request: Request) -> Response:
        """Make one."""
        sent = ReceiverSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        row = receivers.create_receiver(sent.validated_data, by=_caller(request))
        return Response(ReceiverSerializer(row).data, status=201)


@schema.ONE_RECEIVER
class OneReceiver(APIView):
    """One of them."""

    write_role = Role.ADMIN
    every_vim = True

    def get(self, _request: Request, name: str) -> Response:
        """Show it."""
        return Response(ReceiverSerializer(receivers.find_receiver(name)).data)

    def put(self, request: Request, name: str) -> Response:
        """Replace it as a whole, or make it."""
        body = {"name": name, **request.data} if isinstance(request.data, dict) else request.data
        sent = ReceiverSerializer(data=body)
        sent.is_valid(raise_exception=True)
        if sent.validated_data["name"] != name:
            raise Invalid("name", sent.validated_data["name"], f"{name}, the name in the URL")
        row, made = receivers.save_receiver(sent.validated_data, by=_caller(request))
        return Response(ReceiverSerializer(row).data, status=201 if made else 200)

    def delete(self, _request: Request, name: str) -> Response:
        """Forget it."""
        receivers.remove_receiver(name)
        return Response(status=204)


@schema.TEST
class TestReceiver(APIView):
    """Whether it hears us."""

    every_vim = True

    def post(self, _request: Request, name: str) -> Response:
        """Tell it a notice of kind test, and answer how that went; no row is kept."""
        receivers.find_receiver(name)
        return Response(test_delivery(f"receiver://{name}", test_notice()).to_dict())


@schema.DELIVERIES
class Deliveries(APIView):
    """Many of them."""

    every_vim = True

    def get(self, request: Request) -> Response:
        """Newest first; ``next`` is what ``before`` has to be to go on."""
        page = deliveries.deliveries_page(request.query_params)
        rows = DeliverySerializer(page, many=True).data
        return Response({"deliveries": rows, "next": page[-1].id if page else None})


@schema.ONE_DELIVERY
class OneDelivery(APIView):
    """One of them."""

    every_vim = True

    def get(self, _request: Request, delivery_id: UUID) -> Response:
        """Show it with every try."""
        return Response(WholeDeliverySerializer(deliveries.find_delivery(delivery_id)).data)


@schema.RETRY
class Retry(APIView):
    """Try a dead one again."""

    every_vim = True

    def post(self, _request: Request, delivery_id: UUID) -> Response:
        """It is under way when this answers."""
        return Response(WholeDeliverySerializer(deliveries.retry(delivery_id)).data, status=202)


def test_notice() -> Notice:
    """What is told to try a receiver: nothing happened."""
    return Notice(
        kind=NoticeKind.TEST,
        alarm_id="00000000-0000-4000-8000-000000000000",
        name="Test of the Multicloud gateway",
        severity=Severity.WARNING,
        about=ManagedObject("", ObjectType.VIM, "multicloud", "multicloud"),
        previous="ok",
        current="alarm",
        reason="An operator asked for a test; nothing is wrong",
        probable_cause="Test",
        event_time=clock.iso(clock.now()),
    )


def _caller(request: Request) -> str:
    return request.user.name if isinstance(request.user, Identity) else ""
