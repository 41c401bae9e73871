"""Many VIMs at once, out of a file or out of A&AI: each of them told of, none in the way of another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.forms.models import model_to_dict
from rest_framework.exceptions import ValidationError

from fed_common.core.errors import GatewayError, Invalid, Retryable
from fed_common.core.faults import first_fault, shown_value
from fed_common.core.model import VimId
from fed_common.inventory import services
from fed_common.inventory.aai.client import AaiClient, aai_client
from fed_common.inventory.aai.keeping import Outcome, in_clear, keep
from fed_common.inventory.aai.mapping import read_listed
from fed_common.inventory.models import Vim
from fed_common.inventory.serializers import VimSerializer
from fed_common.telemetry.redact import redact
from fed_common.topics.database import reachable, writing

TIMEOUT = 10.0
FORM = '{"vims": [VIM, ...]}, each with the fields of POST /vims, or {"source": "aai"}'


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one VIM; ``fault`` has field, value and allowed of wrong input."""

    vim_id: str
    outcome: Outcome
    reason: str = ""
    fault: Mapping[str, object] | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        told: dict[str, Any] = {"vim_id": self.vim_id, "outcome": self.outcome, "reason": self.reason}
        return {**told, **(self.fault or {}), **({"notes": list(self.notes)} if self.notes else {})}


def import_vims(body: object, *, dry_run: bool = False) -> list[Imported]:
    """What ``FORM`` says. With ``dry_run`` everything is tried and nothing kept. Safe to call again.

    Raises Invalid: the body as a whole; CloudFailed & co: A&AI; Retryable: no database, with what was
    imported until then kept.
    """
    match body:
        case {"vims": list(bodies), **rest} if not rest:
            return list(_from_bodies(bodies, dry_run))
        case {"source": "aai", **rest} if not rest:
            client = aai_client()
            if client is None:
                raise Invalid("source", "aai", "nothing: MCFED_AAI_URL names no A&AI")
            return list(_from_aai(client, dry_run))
    raise Invalid("body", body, FORM)


def counted(found: Sequence[Imported]) -> dict[str, int]:
    """How many VIMs had each outcome."""
    return {word: sum(one.outcome is word for one in found) for word in Outcome}


def _from_bodies(bodies: Sequence[object], dry_run: bool) -> Iterable[Imported]:
    told_before: set[str] = set()
    for place, body in enumerate(bodies):
        vim_id = _named(body)
        yield _told(vim_id, f"vims[{place}]", body, partial(_put, vim_id, body, told_before, dry_run))
        told_before.add(vim_id)


def _from_aai(client: AaiClient, dry_run: bool) -> Iterable[Imported]:
    for place, region in enumerate(client.regions()):
        named = region if isinstance(region, Mapping) else {}
        text = f"{named.get('cloud-owner')}_{named.get('cloud-region-id')}"
        yield _told(text, f"cloud-region[{place}]", region, partial(_keep, region, dry_run))


def _told(vim_id: str, where: str, body: object, work: Callable[[], Imported]) -> Imported:
    try:
        return work()
    except Retryable:
        raise
    except ValidationError as error:
        return _at_fault(vim_id, where, *first_fault(error.detail, body))
    except Invalid as error:
        return _at_fault(vim_id, where, error.field, error.value, error.allowed)
    except GatewayError as error:
        return Imported(vim_id, Outcome.FAILED, redact(str(error)))


def _at_fault(vim_id: str, where: str, field: str, value: object, allowed: str) -> Imported:
    shown = shown_value(field, value)
    whole = where if field == "body" else f"{where}.{field}"
    reason = f"{whole}: {shown!r} is not allowed; allowed: {allowed}"
    return Imported(vim_id, Outcome.FAILED, reason, {"field": whole, "value": shown, "allowed": allowed})


def _named(body: object) -> str:
    """The text of the VIM that a body names; "": it names none."""
    match body:
        case {"cloud_owner": str(owner), "cloud_region_id": str(region)}:
            return str(VimId(owner, region))
    return ""


def _put(vim_id: str, body: object, told_before: set[str], dry_run: bool) -> Imported:
    if vim_id and vim_id in told_before:
        raise Invalid("cloud_region_id", vim_id, "every VIM once")
    with reachable():
        known = bool(vim_id) and Vim.objects.filter(full_id=vim_id).exists()
    sent = VimSerializer(data=body, partial=known)
    sent.is_valid(raise_exception=True)
    with writing(TIMEOUT):
        before = _state(vim_id)
        if before is None:
            services.register_vim(sent.validated_data)
            outcome = Outcome.CREATED
        else:
            services.change_vim(vim_id, sent.validated_data)
            outcome = Outcome.UPDATED if _state(vim_id) != before else Outcome.UNCHANGED
        if dry_run or outcome is Outcome.UNCHANGED:
            transaction.set_rollback(True)
    return Imported(vim_id, outcome)


def _keep(region: object, dry_run: bool) -> Imported:
    told = read_listed(region)
    with writing(TIMEOUT):
        row, outcome = keep(told)
        if dry_run:
            transaction.set_rollback(True)
    ours = row.source != Vim.Source.AAI
    notes = ("registered here: what A&AI says of it is not taken",) if ours else told.notes
    return Imported(str(told.vim.id), outcome, notes=notes)


def _state(vim_id: str) -> object:
    """Everything that an import can change, with secrets in clear, for they are sealed anew each time."""
    row = Vim.objects.select_for_update().filter(full_id=vim_id).first()
    if row is None:
        return None
    return in_clear(row), model_to_dict(row, exclude=["sealed_credentials", "sealed_transport_url"])
