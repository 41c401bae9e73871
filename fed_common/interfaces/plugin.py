"""The contract of a cloud: everything the house asks of one.

For every verb that takes ``timeout``: it blocks for at most about so many seconds, and raises
CloudTimeout when the cloud did not answer in time, CloudFailed when it could not be reached, refused
our credentials or failed, Unsupported when this type of cloud has no such verb. No verb retries by
itself, and none changes anything of the house.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from fed_common.core.errors import Unsupported
from fed_common.core.instances import Capacity, Instance, InstanceAction, InstanceSpec, Sweep
from fed_common.core.model import Vim
from fed_common.interfaces.source import EventSource, Reading


class InstanceWatch(ABC):
    """A cloud that says by itself what changed. Not thread-safe: one thread owns a watch."""

    @abstractmethod
    def wait(self, *, timeout: float) -> Sweep | None:
        """What changed since the last call, as soon as something did; ``None`` when nothing did in time.

        The first call answers at once, with a complete Sweep. Raises as CloudPlugin's verbs do; the watch
        is of no more use then.
        """

    @abstractmethod
    def close(self) -> None:
        """Sign out and release the connection. Safe to call twice. Never raises."""


class CloudPlugin(ABC):
    """Adapter to one type of VIM. Holds nothing about a VIM but connections."""

    name: ClassVar[str]
    vim_types: ClassVar[frozenset[str]]
    versions: ClassVar[tuple[str, ...]] = ()  # told by vim_types; empty: any

    def event_source(self, vim: Vim) -> EventSource | None:  # noqa: ARG002
        """The spring that pushes this VIM's facts, or ``None``: it has to be polled.

        Raises Invalid when the VIM's transport cannot be used, naming the setting.
        """
        return None

    def read_notification(self, vim: Vim, notification: Mapping[str, Any]) -> Reading:
        """Read one recorded notification again; used to replay dead events. Never raises."""
        raise NotImplementedError(f"{self.name} has no notifications")

    @abstractmethod
    def probe_vim(self, vim: Vim, *, timeout: float) -> None:
        """Sign in with the VIM's own credentials and ask for something cheap. Returns when that worked."""

    @abstractmethod
    def list_instances(self, vim: Vim, *, since: datetime | None = None, timeout: float) -> Sweep:
        """Every instance of every project the VIM's credentials may see, all pages, and the hosts.

        With ``since``, only what changed after it when the cloud can tell (``complete`` is False then);
        a cloud that cannot answers with everything. A cloud that fails half way raises: it never
        answers with a part.
        """

    def watch_instances(self, vim: Vim, *, timeout: float) -> InstanceWatch | None:  # noqa: ARG002
        """A watch instead of polling, or ``None``: this type of cloud has to be polled."""
        return None

    def capacity(self, vim: Vim, *, project: str = "", timeout: float) -> Capacity:  # noqa: ARG002
        """The room there is, for the project of that name or id; by default for the VIM's first."""
        raise Unsupported(self.name, "tell their capacity")

    def service_url(self, vim: Vim, service: str, *, timeout: float) -> str:  # noqa: ARG002
        """The base URL of a service, without a slash at its end, that calls of the broker are passed on to.

        ``service`` is the first segment of the caller's path: identity, compute, nova, image, glance, ...
        Raises NotFound when the cloud has no such service.
        """
        raise Unsupported(self.name, "be called through")

    def mark_host_down(self, vim: Vim, host: str, *, down: bool, timeout: float) -> bool:  # noqa: ARG002
        """Tell the cloud that a host is dead, or back, without waiting for its own detection. Idempotent.

        Whether that changed anything: False when the cloud had been told so before.
        """
        raise Unsupported(self.name, "be told that a host is down")

    def reset_state(self, vim: Vim, instance_id: str, state: str, *, timeout: float) -> None:  # noqa: ARG002
        """Set what the cloud says of an instance: ``error`` or ``active``. Idempotent. Raises NotFound."""
        raise Unsupported(self.name, "have the state of an instance set")

    def act(self, vim: Vim, instance_id: str, action: InstanceAction, *, timeout: float) -> None:  # noqa: ARG002
        """Begin an action; returns when the cloud accepted it. Raises NotFound; Conflict: not in this state."""
        raise Unsupported(self.name, f"{action} an instance")

    def create_instance(self, vim: Vim, spec: InstanceSpec, *, timeout: float) -> str:  # noqa: ARG002
        """Begin to make an instance; its id. One that has the key of ``spec`` already is it, so asking again,
        also from another process, makes no second one. Raises Invalid: the cloud has no such image, flavor or
        network, naming it; Conflict: no room or quota for it.
        """
        raise Unsupported(self.name, "have an instance made")

    def show_instance(self, vim: Vim, instance_id: str, *, timeout: float) -> Instance:  # noqa: ARG002
        """The instance as it is now. One on its way out has ``deleting`` for a state_description, or the state
        ``soft-delete``. Raises NotFound once it is gone.
        """
        raise Unsupported(self.name, "show an instance")
