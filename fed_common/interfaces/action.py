"""The contract of a policy action: what is done when a member of a VNF fails."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Failure:
    """What failed, and of which VNF.

    ``id``      the same when it is told again.
    ``cause``   what the monitor returned: ``failure``.
    ``rule``    the rule of the judgement that decided so; ``detail`` is what was seen.
    ``number``  counts the failures of this address.
    """

    id: str
    vnf_id: str
    vnf_name: str
    vim_id: str
    vdu: str = ""
    instance_id: str = ""
    address: str = ""
    cause: str = "failure"
    rule: str = ""
    detail: str = ""
    number: int = 0


class PolicyAction(ABC):
    """An action a VNFD names. Made without arguments, does no I/O before ``run``.

    ``kind``     the operation on the VNF that a conductor does for it (``core.vnf.OperationKind``), or a word of
                 its own, of at most 20 letters: then all it does is ``run``.
    ``invoked``  what the VNF's MONITOR event says of it.
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    invoked: ClassVar[str]

    def run(self, failure: Failure, argument: str, *, timeout: float) -> None:
        """Do it. ``argument`` is what the VNFD has behind the colon.

        Again   it may be called again for the same failure when a conductor died meanwhile.
        Raises  Retryable: it is tried again a few times; Permanent, Invalid: it never will be.
        Time    at most about ``timeout`` seconds.
        """
        raise NotImplementedError(f"{self.name} is done by the operation {self.kind}")
