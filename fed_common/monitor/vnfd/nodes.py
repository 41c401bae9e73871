"""The nodes of a descriptor: what each of them is, and which others it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from fed_common.core.errors import Invalid
from fed_common.monitor.vnfd.place import Place

VDU = "tosca.nodes.nfv.VDU.Tacker"
CP = "tosca.nodes.nfv.CP.Tacker"
VL = "tosca.nodes.nfv.VL"
TYPES = (VDU, CP, VL)
FIELDS = ("type", "description", "metadata", "properties", "capabilities", "requirements")
MOST_NODES = 200
MOST_TYPES = 100
MOST_REQUIREMENTS = 20


class Nodes:
    """All nodes of one descriptor. Raises Invalid when one is of no known type, or needs what is not there."""

    def __init__(self, root: Place) -> None:
        templates = root.at("topology_template", "node_templates")
        self._all = {node.name: node for node in templates.named()}
        if not 0 < len(self._all) <= MOST_NODES:
            raise templates.invalid(f"1 to {MOST_NODES} nodes")
        bases = _bases(root.at("node_types"))
        self._of: dict[str, dict[str, Place]] = {kind: {} for kind in TYPES}
        for name, node in self._all.items():
            node.use_only(*FIELDS)
            self._of[bases[node.at("type").word(bases)]][name] = node
        self._refuse_circles()

    def of(self, kind: str) -> list[Place]:
        """Those of one of TYPES, in the order of the file."""
        return list(self._of[kind].values())

    def needed(self, node: Place, requirement: str, kind: str) -> Place | None:
        """The node that ``node`` needs by the requirement of that name; ``None``: it has none such."""
        for one in _requirements(node):
            if one.name == requirement:
                return self._all[_pointer(one).word(self._of[kind])]
        return None

    def _refuse_circles(self) -> None:
        needs = {
            name: {_pointer(one).word(self._all) for one in _requirements(node)}
            for name, node in self._all.items()
        }
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as error:
            raise self._circle(error.args[1][::-1]) from None

    def _circle(self, names: list[str]) -> Invalid:
        """Each of them needs the next."""
        pointers = map(_pointer, _requirements(self._all[names[0]]))
        wrong = next(one for one in pointers if one.value == names[1])
        return wrong.invalid(f"a node that does not need {names[0]} itself: {' -> '.join(names)}")


def _requirements(node: Place) -> Iterator[Place]:
    listed = node.at("requirements")
    if len(listed.items()) > MOST_REQUIREMENTS:
        raise listed.invalid(f"at most {MOST_REQUIREMENTS} requirements")
    for item in listed.items():
        yield item.one()


def _pointer(requirement: Place) -> Place:
    """Where the name of the needed node stands."""
    return requirement.at("node") if isinstance(requirement.value, Mapping) else requirement


def _bases(own: Place) -> dict[str, str]:
    """Which of TYPES each type is in the end, those that the descriptor derives itself included.

    One that is none of them is no harm while no node is of it: descriptors name the VNF as a whole so.
    """
    parents = {one.name: one.at("derived_from") for one in own.named()}
    if len(parents) > MOST_TYPES:
        raise own.invalid(f"at most {MOST_TYPES} types")
    found = {name: name for name in TYPES}
    return {**found, **{name: base for name in parents if (base := _base(name, parents)) in TYPES}}


def _base(name: str, parents: Mapping[str, Place]) -> str:
    """The last of those it is derived from, one after the other; empty: of nothing."""
    line = [name]
    while (last := line[-1]) in parents and last not in TYPES:
        parent = parents[last].text("")
        if parent in line:
            raise parents[last].invalid(f"a type that is not derived from {last} itself: {' -> '.join(line)}")
        line.append(parent)
    return line[-1]
