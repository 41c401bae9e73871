"""Who should own which shard: fair shares, and as few moves as can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

GIVE_UP_AT_ONCE = 16
WATCH_ALL_UP_TO = 10
SUCCESSORS = 2


@dataclass(frozen=True)
class Plan:
    """What one executor should do next."""

    give_up: frozenset[int] = frozenset()
    claim: frozenset[int] = frozenset()


def plan(me: str, alive: Collection[str], owners: Mapping[int, str]) -> Plan:
    """Give up what is beyond our fair share, and claim our part of what is free.

    ``owners`` tells every shard's owner, empty where it is free. All who see the same decide the same, so
    no two claim one shard. Only as many shards move as must; which ones follows from ``score``.
    """
    fair = quotas(alive, owners)
    mine = [shard for shard, owner in owners.items() if owner == me]
    if len(mine) > fair[me]:
        surplus = len(mine) - fair[me]
        now = min(surplus, max(GIVE_UP_AT_ONCE, surplus // 2))
        return Plan(give_up=frozenset(sorted(mine, key=lambda shard: score(me, shard))[:now]))
    return Plan(claim=frozenset(_claims(me, fair, owners)))


def quotas(alive: Collection[str], owners: Mapping[int, str]) -> dict[str, int]:
    """The fair share of each: they differ by one at most, and who has more now is given the one more."""
    held = Counter(owners.values())
    least, more = divmod(len(owners), len(alive))
    ranked = sorted(alive, key=lambda name: (-held[name], name))
    return {name: least + (place < more) for place, name in enumerate(ranked)}


def watched(me: str, alive: Sequence[str]) -> set[str]:
    """The peers whose end we wait for: all of few, of many the next ones in the ring of names."""
    ring = sorted({me, *alive})
    at = ring.index(me)
    peers = ring[at + 1 :] + ring[:at]
    return set(peers if len(ring) <= WATCH_ALL_UP_TO else peers[:SUCCESSORS])


@lru_cache(maxsize=65536)
def score(name: str, shard: int) -> int:
    """How much this executor is the one for the shard: rendezvous hashing, the same on every node."""
    return int.from_bytes(blake2b(f"{name}/{shard}".encode(), digest_size=8).digest())


def _claims(me: str, fair: Mapping[str, int], owners: Mapping[int, str]) -> list[int]:
    """Every free shard goes to the one with the best score among those who still have room."""
    held = Counter(owners.values())
    room = {name: quota - held[name] for name, quota in fair.items() if quota > held[name]}
    ours = []
    for shard in sorted(shard for shard, owner in owners.items() if not owner):
        if not room:
            break
        best = max(room, key=lambda name: score(name, shard))
        room[best] -= 1
        if not room[best]:
            del room[best]
        if best == me:
            ours.append(shard)
    return ours
