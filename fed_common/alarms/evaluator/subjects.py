"""What an event is about, as alarms name it. Pure."""

from __future__ import annotations

from hashlib import blake2b

from fed_common.core.alarm import ManagedObject, ObjectType
from fed_common.core.kinds import Kind
from fed_common.core.model import Event
from fed_common.core.rules import Rule
from fed_common.core.traits import Seen

LONGEST = 255
_OF_VNFS = (Kind.VNF_STATUS, Kind.VDU_STATUS)


def object_of(event: Event) -> ManagedObject:
    """The VNF a status of a VNF is told of, else the instance, else the host, else the VIM."""
    more = {"tenant_id": event.tenant_id, "host": event.host}
    if event.kind in _OF_VNFS and event.traits.get("vnf_id"):
        name = str(event.traits.get("vnf_name", ""))
        return ManagedObject(event.vim_id, ObjectType.VNF, str(event.traits["vnf_id"]), name, **more)
    if event.instance_id:
        return ManagedObject(event.vim_id, ObjectType.INSTANCE, event.instance_id, event.instance_name, **more)
    if event.host:
        return ManagedObject(event.vim_id, ObjectType.HOST, event.host, event.host, **more)
    return ManagedObject(event.vim_id, ObjectType.VIM, event.vim_id, event.vim_id, **more)


def subject_of(rule: Rule, event: Event, seen: Seen) -> str:
    """For what a rule's events belong together: an event rule's object, a composite's common trait."""
    if rule.tree is not None:
        return _short(str(seen.traits.get(rule.extras.same, ""))) if rule.extras.same else ""
    about = object_of(event)
    return _short(f"{about.vim_id} {about.type} {about.id}")


def object_named(subject: str, rule: Rule) -> ManagedObject:
    """The object of an event rule's subject; the rule's own project where the subject names none."""
    vim_id, *rest = subject.split(" ", 2)
    if len(rest) < 2:
        return ManagedObject("", ObjectType.VIM, "", rule.name, rule.project_id)
    kind, id = rest
    return ManagedObject(vim_id, ObjectType(kind), id, id, rule.project_id)


def _short(text: str) -> str:
    """The text, or what stands for one that is too long for its column."""
    return text if len(text) <= LONGEST else blake2b(text.encode(), digest_size=16).hexdigest()
