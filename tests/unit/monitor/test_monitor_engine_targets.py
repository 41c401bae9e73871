"""The engine on real sockets: loopback, and addresses of a namespace that really stop answering."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from fed_common.core.health import Check, Outcome, ProbeKind, Verdict
from fed_common.monitor.engine import packets
from fed_common.monitor.engine.engine import Engine
from fed_common.monitor.engine.names import literal
from fed_common.monitor.engine.phase import next_turn, share
from fed_common.monitor.engine.sockets import ENOUGH, IcmpSocket
from fed_common.monitor.engine.wheel import SLOT
from tests.addresses import Addresses
from tests.probing import Echo, Echoes, echoes, engine

UP, DOWN = Verdict.UP, Verdict.DOWN


@pytest.fixture
def addresses() -> Iterator[Addresses]:
    with Addresses(50) as made:
        yield made


def ping(address: str, **check: object) -> Check:
    return Check(ProbeKind.PING, address, **check)  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.8.7", "::1", "localhost"], ids=lambda one: f"T73 {one}")
def test_the_loopback_answers(address: str) -> None:
    async def run() -> None:
        async with engine() as (asked, heard):
            assert (await asked.ask(ping(address))).verdict is UP
            asked.put(1, ping(address, interval=0.1))
            await heard.until(lambda: len(heard.of[1]) >= 3)
            assert set(heard.verdicts(1)) == {UP}
            assert all(0 < outcome.seconds < 1 for outcome in heard.of[1])

    asyncio.run(run())


def test_a_cut_address_is_down_until_it_is_restored_and_no_other(addresses: Addresses) -> None:
    gone, gone6 = addresses.v4[7], addresses.v6[0]
    every = [*addresses.v4, *addresses.v6]
    cut = {every.index(gone), every.index(gone6)}

    async def run() -> None:
        async with engine() as (asked, heard):
            for key, address in enumerate(every):
                asked.put(key, ping(address, interval=0.2, timeout=0.2))
            await heard.until(lambda: all(heard.of[key] for key in range(len(every))))
            addresses.cut(gone, gone6)
            await heard.until(lambda: all(heard.verdicts(key)[-3:] == [DOWN] * 3 for key in cut))
            addresses.restore(gone, gone6)
            await heard.until(lambda: all(heard.verdicts(key)[-1] is UP for key in cut))
            for key in range(len(every)):
                turns = Counter(zip(heard.verdicts(key), heard.verdicts(key)[1:], strict=False))
                assert turns[UP, DOWN] == turns[DOWN, UP] == (key in cut), every[key]

    asyncio.run(run())


def test_no_echo_is_sent_after_a_target_was_removed(addresses: Addresses) -> None:  # T12
    removed, stays = addresses.v4[:2]

    async def run(seen: list[Echo]) -> None:
        async with engine() as (asked, heard):
            asked.put(1, ping(removed, interval=0.05))
            asked.put(2, ping(stays, interval=0.05))
            await heard.until(lambda: len(heard.of[1]) > 2 and len(heard.of[2]) > 2)
            asked.remove(1)
            asked.remove(1)
            await heard.more(2, 3)
            sent, told = [to for to, _ in seen].count(removed), len(heard.of[1])
            await heard.more(2, 20)
            assert [to for to, _ in seen].count(removed) == sent
            assert len(heard.of[1]) == told

    with echoes(addresses, lambda net, echo: net.reply(echo)) as net:
        asyncio.run(run(net.seen))


def test_a_removed_target_whose_check_is_under_way_is_not_heard_of(addresses: Addresses) -> None:
    addresses.cut(addresses.v4[0])

    async def run() -> None:
        async with engine() as (asked, heard):
            asked.put(1, ping(addresses.v4[0], timeout=0.1, interval=0.1))
            asked.put(2, Check(ProbeKind.TCP, addresses.v4[0], 80, timeout=0.1, interval=0.1))
            asked.put(3, ping(addresses.v4[1], timeout=0.1, interval=0.1))
            await heard.until(lambda: heard.of[3])
            asked.remove(1)
            asked.remove(2)
            await heard.until(lambda: len(heard.of[3]) > 10)
            assert not heard.of[1]
            assert not heard.of[2]
            assert asked.health["targets"] == {"ping": 1}
            asked.remove(3)
            assert not len(asked._starts)
            assert not asked._pings._open

    asyncio.run(run())


def test_a_replaced_target_is_asked_at_its_new_address_only(addresses: Addresses) -> None:
    addresses.cut(addresses.v4[0])

    async def run() -> None:
        async with engine() as (asked, heard):
            asked.put(1, ping(addresses.v4[0], timeout=0.3, interval=0.1))
            await asyncio.sleep(0.05)
            asked.put(1, ping(addresses.v4[1], timeout=0.3, interval=0.1))
            await heard.until(lambda: len(heard.of[1]) > 10)
            assert set(heard.verdicts(1)) == {UP}

    asyncio.run(run())


def test_what_the_caller_breaks_does_not_stop_the_engine(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []

    def hear(key: int, _: Outcome) -> None:
        calls.append(key)
        raise RuntimeError("the caller's")

    async def run() -> None:
        asked = Engine(hear)
        asked.start()
        asked.put(1, ping("127.0.0.1", interval=0.02))
        asked.put(2, Check(ProbeKind.TCP, "127.0.0.1", 9, interval=0.02))
        async with asyncio.timeout(20):
            while min(calls.count(1), calls.count(2)) < 4:
                await asyncio.sleep(0.01)
        asked.stop()
        asked.stop()

    asyncio.run(run())
    assert {record.name for record in caplog.records} == {"fed_common.monitor.engine.engine"}


def test_whoever_hears_of_one_target_may_remove_others(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(IcmpSocket, "send", _no_route)

    async def run() -> None:
        def hear(key: int, _: Outcome) -> None:
            calls.append(key)
            for other in range(20):
                asked.remove(other)

        asked = Engine(hear)
        asked.start()
        for key in range(20):
            asked.put(key, ping("127.0.0.1", interval=0.05))
        await asyncio.sleep(0.3)
        asked.stop()

    asyncio.run(run())
    assert len(calls) == 1


def _no_route(*_: object) -> None:
    raise OSError(errno.EHOSTUNREACH, "No route to host")


def test_only_an_answer_to_this_very_echo_counts(addresses: Addresses) -> None:  # T108
    spoofed, forged, twice, late = addresses.v4[:4]
    held: list[Echo] = []

    def answer(net: Echoes, echo: Echo) -> None:
        if echo[0] == spoofed:
            net.reply(echo, source=addresses.v4[10])
        elif echo[0] == forged:
            net.reply(echo, flip=20)  # a bit of the nonce
        elif echo[0] == twice:
            net.reply(echo)
            net.reply(echo)
        else:
            held.append(echo)

    async def run(net: Echoes) -> None:
        async with engine() as (asked, heard):
            for key, address in enumerate((spoofed, forged, twice, late)):
                asked.put(key, ping(address, interval=1, timeout=1))
            await heard.until(lambda: all(len(heard.of[key]) >= 3 for key in range(4)))
            for echo in held[:2]:
                net.reply(echo)  # its check is long over
            await heard.more(3, 2)
            assert set(heard.verdicts(0)) == set(heard.verdicts(1)) == set(heard.verdicts(3)) == {DOWN}
            assert set(heard.verdicts(2)) == {UP}
            checks = {data[8:16] for to, data in net.seen if to == twice}
            assert len(checks) - 1 <= len(heard.of[2]) <= len(checks)

    with echoes(addresses, answer) as net:
        asyncio.run(run(net))


def test_one_answered_echo_of_three_is_healthy(addresses: Addresses) -> None:  # T70
    def answer(net: Echoes, echo: Echo) -> None:
        if len({data[8:] for _, data in net.seen}) >= 3:
            net.reply(echo)

    async def run() -> Outcome:
        async with engine() as (asked, _):
            return await asked.ask(ping(addresses.v4[0], count=3, interval=0.1, timeout=5))

    with echoes(addresses, answer) as net:
        assert asyncio.run(run()).verdict is UP
        assert len(net.seen) >= 3


def test_two_engines_on_one_host_do_not_hear_each_other() -> None:  # T107
    async def run() -> None:
        async with engine() as (one, heard), engine() as (other, heard_other):
            for key in range(200):
                one.put(key, ping(f"127.0.1.{key + 1}", interval=0.2))
                other.put(key, ping(f"127.0.1.{key + 1}", interval=0.2))
            for told in (heard, heard_other):
                await told.until(lambda told=told: all(len(told.of[key]) >= 3 for key in range(200)))
                assert {outcome.verdict for key in range(200) for outcome in told.of[key]} == {UP}

    asyncio.run(run())


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_kernel_gives_a_socket_its_own_replies_and_nothing_else(
    family: socket.AddressFamily, address: str
) -> None:  # T107
    ours, other, target = IcmpSocket(family), IcmpSocket(family), literal(address)
    assert target
    assert ours._ident != other._ident
    ours.send(target, 1, 2, 3)
    answer = ours._socket.recv(256)
    assert answer[-packets.SIZE] == packets.REPLY[4 if family == socket.AF_INET else 6]
    with pytest.raises(BlockingIOError):
        ours._socket.recv(256)  # the request
    ours.send(target, 1, 2, 3)
    assert ours.receive() == ([(target.packed, 1, 2, 3)], True)
    with pytest.raises(BlockingIOError):
        other._socket.recv(256)  # neither the request nor the reply
    assert ours.buffer >= ENOUGH
    ours.close()
    other.close()


def test_many_targets_are_not_begun_in_a_burst(monkeypatch: pytest.MonkeyPatch) -> None:  # T102
    firsts: list[int] = []
    begun: list[int] = []
    count, part = 5_000, 100
    some_firsts, begin, turn = Engine._some_firsts, Engine._begin, Engine._turn

    def counted(self: Engine, most: int) -> list[object]:
        found = some_firsts(self, most)
        firsts.append(len(found))
        return found  # type: ignore[return-value]

    monkeypatch.setattr(Engine, "_some_firsts", counted)
    monkeypatch.setattr(Engine, "_turn", lambda self: (begun.append(0), turn(self)))
    monkeypatch.setattr(Engine, "_begin", lambda *to: (begun.append(begun.pop() + 1), begin(*to)))

    async def run() -> None:
        async with engine() as (asked, heard):
            for key in range(count):
                asked.put(key, ping(f"127.2.{key // 250}.{key % 250 + 1}"))
            await heard.until(lambda: len(heard.of) == count)
            assert sum(firsts) == count
            assert max(firsts) == part
            begun.clear()
            time.sleep(0.5)  # half of them are overdue then
            await heard.until(lambda: len(begun) > 1)
            assert 0 < begun[0] <= part
            await heard.until(lambda: sum(begun) >= count)
            assert {outcome.verdict for one in heard.of.values() for outcome in one} == {UP}

    asyncio.run(run())


@pytest.mark.parametrize(
    "keys",
    [range(10_000), range(3, 2_560_000, 256), range(0, 970_000, 97), [2**40 + 7 * key for key in range(10_000)]],
)
def test_turns_fall_evenly_over_the_interval(keys: list[int]) -> None:  # T102
    slots = Counter(int(share(key) / SLOT) for key in keys)
    assert max(slots.values()) <= len(keys) * 0.02


def test_a_turn_is_the_same_on_every_node_and_comes_once_an_interval() -> None:
    one_of_them = 3 * share(42)
    turn = next_turn(1_000.0, 3.0, one_of_them)
    assert 1_000 < turn <= 1_003 + SLOT
    for now in (turn - 2.5, turn - 1, turn - 2 * SLOT):
        assert next_turn(now, 3.0, one_of_them) == pytest.approx(turn)
    for now in (turn, turn + 0.004, turn - 0.004):
        assert next_turn(now, 3.0, one_of_them) == pytest.approx(turn + 3)
