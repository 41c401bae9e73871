"""The nodes of a descriptor: what each of them is, and which others it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from fed_common.monitor.vnfd.place import Place

VDU = "tosca.nodes.nfv.VDU.Tacker"
CP = "tosca.nodes.nfv.CP.Tacker"
VL = "tosca.nodes.nfv.VL"
TYPES = (VDU, CP, VL)
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
        self._types = {name: bases[node.at("type").word(bases)] for name, node in self._all.items()}
        self._refuse_circles()

    def of(self, kind: str) -> list[Place]:
        """Those of one of TYPES, in the order of the file."""
        return [node for name, node in self._all.items() if self._types[name] == kind]

    def needed(self, node: Place, requirement: str, kind: str) -> Place | None:
        """The node that ``node`` needs by the requirement of that name; ``None``: it has none such."""
        for one in _requirements(node):
            if one.name == requirement:
                return self._all[_pointer(one).word(other.name for other in self.of(kind))]
        return None

    def _refuse_circles(self) -> None:
        needs = {
            name: {_pointer(one).word(self._all) for one in _requirements(node)}
            for name, node in self._all.items()
        }
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1][::-1]
            for one in map(_pointer, _requirements(self._all[circle[0]])):
                if one.value == circle[1]:
                    raise one.invalid(
                        f"a node that does not need {circle[0]} itself: {' -> '.join(circle)}"
                    ) from None
            raise AssertionError("a circle of nothing") from None


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
    """Which of TYPES each type is in the end, those that the descriptor derives itself included."""
    parents = {one.name: one.at("derived_from") for one in own.named()}
    if len(parents) > MOST_TYPES:
        raise own.invalid(f"at most {MOST_TYPES} types")
    found = {name: name for name in TYPES}
    for name in parents:
        line = [name]
        while line[-1] not in TYPES:
            parent = parents[line[-1]]
            word = parent.word((*TYPES, *(other for other in parents if other not in line)))
            line.append(word)
        found[name] = line[-1]
    return found
