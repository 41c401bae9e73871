"""``/api/multicloud/v1/subscriptions``: who wants to hear what, and where."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.core.errors import Invalid
from fed_common.events import services
from fed_common.events.models import Subscription
from fed_common.events.serializers import SubscriptionSerializer
from fed_common.events.views import schema


@schema.SUBSCRIPTIONS
class Subscriptions(APIView):
    """All of them."""

    every_vim = True  # a subscription may carry any VIM's events, and its topic be read by anybody

    def get(self, _request: Request) -> Response:
        """By name."""
        rows = Subscription.objects.prefetch_related("sinks")
        return Response({"subscriptions": SubscriptionSerializer(rows, many=True).data})

    def post(self, request: Request) -> Response:
        """Make one."""
        sent = SubscriptionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return Response(SubscriptionSerializer(services.create_subscription(sent.validated_data)).data, status=201)


@schema.ONE_SUBSCRIPTION
class OneSubscription(APIView):
    """One of them."""

    every_vim = True

    def get(self, _request: Request, name: str) -> Response:
        """Show it."""
        return Response(SubscriptionSerializer(services.find_subscription(name)).data)

    def put(self, request: Request, name: str) -> Response:
        """Replace it as a whole, or make it."""
        sent = SubscriptionSerializer(data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        if sent.validated_data.get("name", name) != name:
            raise Invalid("name", sent.validated_data["name"], f"{name}, the name in the URL")
        row, made = services.save_subscription({**sent.validated_data, "name": name})
        return Response(SubscriptionSerializer(row).data, status=201 if made else 200)

    def patch(self, request: Request, name: str) -> Response:
        """Change the fields sent."""
        sent = SubscriptionSerializer(data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        return Response(SubscriptionSerializer(services.change_subscription(name, sent.validated_data)).data)

    def delete(self, _request: Request, name: str) -> Response:
        """Forget it."""
        services.remove_subscription(name)
        return Response(status=204)
