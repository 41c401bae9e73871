"""The policy actions there are."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from fed_common.interfaces.action import PolicyAction
from fed_common.interfaces.registry import Registry

GROUP = "mcfed.actions"


@cache
def known_actions() -> Registry[PolicyAction]:
    """The house's own and third parties', by the names VNFDs use."""
    return Registry("action", GROUP, settings.POLICY_ACTIONS)
