"""http_ping and tcp against servers of this test that behave as badly as they can, and names."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.health import Check, Outcome, ProbeKind, Verdict
from fed_common.monitor.engine import names
from fed_common.monitor.engine.http_ping import judged, request_to, whole
from fed_common.monitor.engine.names import literal
from fed_common.monitor.engine.tries import End, Lanes, Plan
from tests.probing import engine
from tests.processes import free_port

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def saying(text: bytes) -> Answer:
    """A server that says this to whatever it is asked."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        writer.close()

    return answer


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, asyncio.CancelledError):
        await reader.read()
    writer.close()


async def reset_midway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    await writer.drain()
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def serving(answer: Answer, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """The port of a server."""
    server = await asyncio.start_server(answer, host, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def ask(check: Check) -> Outcome:
    """One check by an engine of its own."""

    async def run() -> Outcome:
        async with engine() as (asked, _):
            return await asked.ask(check)

    return asyncio.run(run())


def http(answer: Answer, *, host: str = "127.0.0.1", **check: object) -> Outcome:
    """An http_ping of such a server."""

    async def run() -> Outcome:
        async with serving(answer, host) as port, engine() as (asked, _):
            return await asked.ask(Check(ProbeKind.HTTP, host, port, timeout=0.5, **check))  # type: ignore[arg-type]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "verdict", "reason"),
    [
        pytest.param(saying(b"HTTP/1.1 200 OK\r\n\r\n"), Verdict.UP, "", id="T71 200"),
        pytest.param(saying(b"HTTP/1.0 204\r\n\r\n"), Verdict.UP, "", id="no reason phrase"),
        pytest.param(saying(b"HTTP/1.1 302 Found\nLocation: http://127.0.0.1:1/\n\n"), Verdict.UP, "", id="302"),
        pytest.param(saying(b"HTTP/1.1 400 Bad\r\n\r\n"), Verdict.DOWN, "status 400", id="400"),
        pytest.param(saying(b"HTTP/1.1 500 Oh\r\n\r\n"), Verdict.DOWN, "status 500", id="T71 500"),
        pytest.param(silent, Verdict.DOWN, "no answer within 0.5 s", id="T71 slow"),
        pytest.param(reset_midway, Verdict.DOWN, "Connection reset by peer", id="T71 reset midway"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nX"), Verdict.DOWN, "Connection reset by peer", id="ended midway"),
        pytest.param(saying(b"SSH-2.0-x\r\n"), Verdict.DOWN, "the answer is not HTTP", id="T71 bad status line"),
        pytest.param(saying(b"HTTP/1.1 OK\r\n\r\n"), Verdict.DOWN, "the answer is not HTTP", id="T71 no status"),
        pytest.param(saying(b""), Verdict.DOWN, "Connection reset by peer", id="nothing"),
    ],
)
def test_an_http_ping_is_judged_by_the_head_of_the_answer(answer: Answer, verdict: Verdict, reason: str) -> None:
    outcome = http(answer)
    assert (outcome.verdict, outcome.reason) == (verdict, reason)
    assert (outcome.seconds > 0) == (verdict is Verdict.UP or "status" in reason or "HTTP" in reason)


def test_a_refused_connection_is_down() -> None:  # T71
    for kind in (ProbeKind.HTTP, ProbeKind.TCP):
        assert ask(Check(kind, "127.0.0.1", free_port())) == Outcome(Verdict.DOWN, "Connection refused")


def test_the_fifth_try_counts() -> None:  # T72
    tries: list[int] = []

    async def at_last(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append(1)
        await saying(b"HTTP/1.1 200 OK\r\n\r\n" if len(tries) == 5 else b"HTTP/1.1 503 Not yet\r\n\r\n")(
            reader, writer
        )

    assert http(at_last, retry=5).verdict is Verdict.UP
    assert len(tries) == 5
    tries.clear()
    assert http(at_last, retry=4) == Outcome(Verdict.DOWN, "status 503", pytest.approx(0, abs=1))
    assert len(tries) == 4


def test_an_ipv6_address_is_asked_in_brackets() -> None:  # T73
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    assert http(answer, host="::1").verdict is Verdict.UP
    assert asked[0].startswith(b"GET / HTTP/1.1\r\nHost: [::1]:")


def test_each_check_has_a_connection_of_its_own() -> None:
    ports: set[int] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ports.add(writer.get_extra_info("peername")[1])
        await saying(b"HTTP/1.1 200 OK\r\n\r\n")(reader, writer)

    async def run() -> None:
        async with serving(answer) as port, engine() as (asked, heard):
            asked.put(1, Check(ProbeKind.HTTP, "127.0.0.1", port, interval=0.02))
            await heard.until(lambda: len(heard.of[1]) >= 5)

    asyncio.run(run())
    assert len(ports) >= 5


def test_the_dead_do_not_keep_the_living_waiting() -> None:
    lanes, here = Lanes(), literal("127.0.0.1")
    assert here

    async def never(_: End) -> Outcome:
        await asyncio.sleep(3_600)
        raise AssertionError

    async def at_once(_: End) -> Outcome:
        return Outcome(Verdict.UP)

    async def run() -> None:
        dead = [
            asyncio.ensure_future(lanes.tried(Plan(1, 3_600, [(here, 80)]), never, False))
            for _ in range(lanes.size + 10)
        ]
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            assert (await lanes.tried(Plan(1, 1, [(here, 80)]), at_once, True)).verdict is Verdict.UP
        for one in dead:
            one.cancel()

    asyncio.run(run())


def test_a_try_after_a_failed_one_takes_the_lane_of_the_dead() -> None:
    lanes, here = Lanes(), literal("127.0.0.1")
    assert here
    seen: list[tuple[bool, bool]] = []

    async def fail(_: End) -> Outcome:
        seen.append((lanes._well._value < lanes.size, lanes._ill._value < lanes.size))
        return Outcome(Verdict.DOWN)

    asyncio.run(lanes.tried(Plan(3, 1, [(here, 80)]), fail, True))
    assert seen == [(True, False), (False, True), (False, True)]


def test_a_tcp_check_connects() -> None:
    async def run() -> Outcome:
        async with serving(silent) as port, engine() as (asked, _):
            return await asked.ask(Check(ProbeKind.TCP, "127.0.0.1", port))

    assert asyncio.run(run()).verdict is Verdict.UP


def test_what_we_cannot_do_is_our_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(asyncio.BaseEventLoop, "sock_connect", refuse, raising=False)
    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", refuse)
    outcome = ask(Check(ProbeKind.TCP, "127.0.0.1", 9))
    assert outcome == Outcome(Verdict.ERROR, "Too many open files")


def test_who_slept_through_the_timeout_tries_again() -> None:
    slept: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not slept:
            slept.append(1)
            time.sleep(1.0)  # server and engine share this loop: it stands still
        await saying(b"HTTP/1.1 200 OK\r\n\r\n")(reader, writer)

    assert http(answer).verdict is Verdict.UP
    assert slept


@pytest.mark.parametrize(
    ("host", "port", "named"),
    [
        ("192.0.2.1", 80, b"Host: 192.0.2.1\r\n"),
        ("192.0.2.1", 8080, b"Host: 192.0.2.1:8080\r\n"),
        ("2001:db8::1", 8080, b"Host: [2001:db8::1]:8080\r\n"),
        ("fe80::1%eth0", 80, b"Host: [fe80::1]\r\n"),
        ("münchen.example", 80, b"Host: xn--mnchen-3ya.example\r\n"),
    ],
)
def test_the_host_that_is_asked_for(host: str, port: int, named: bytes) -> None:
    assert named in request_to(host, port)


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda more: b"HTTP/1.1 200" + more))
def test_no_answer_can_break_the_judgement(head: bytes) -> None:
    assert judged(head).verdict in (Verdict.UP, Verdict.DOWN)
    assert isinstance(whole(head), bool)


def gaierror(number: int) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise socket.gaierror(number, "it says")

    return fail


@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        (socket.EAI_NONAME, Verdict.DOWN),
        (socket.EAI_NODATA, Verdict.DOWN),
        (socket.EAI_AGAIN, Verdict.ERROR),
        (socket.EAI_FAIL, Verdict.ERROR),
    ],
)
def test_a_name_that_is_none_is_down_and_a_resolver_that_is_away_is_our_error(
    monkeypatch: pytest.MonkeyPatch, number: int, verdict: Verdict
) -> None:
    monkeypatch.setattr(names.socket, "getaddrinfo", gaierror(number))
    for kind in (ProbeKind.PING, ProbeKind.HTTP, ProbeKind.TCP):
        assert ask(Check(kind, "nothing.example", 80)) == Outcome(verdict, "nothing.example: it says")


def test_a_resolver_that_hangs_is_our_error(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(names.socket, "getaddrinfo", lambda *_, **__: released.wait(60))
    monkeypatch.setattr(names, "PATIENCE", 0.2)
    outcome = ask(Check(ProbeKind.PING, "slow.example"))
    released.set()
    assert outcome == Outcome(Verdict.ERROR, "no answer about slow.example within 0.2 s")


def test_a_name_is_looked_up_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def look_up(name: str, *_: object, **__: object) -> object:
        looked.append(name)
        return [(socket.AF_INET, 0, 0, "", ("127.0.0.1", 0)), (socket.AF_INET6, 0, 0, "", ("::1", 0, 0, 0))]

    monkeypatch.setattr(names.socket, "getaddrinfo", look_up)

    async def run() -> None:
        async with engine() as (asked, heard):
            for key in range(10):
                asked.put(key, Check(ProbeKind.PING, "many.example", interval=0.05))
            await heard.until(lambda: min(len(heard.of[key]) for key in range(10)) > 3)
            assert {one.verdict for key in range(10) for one in heard.of[key]} == {Verdict.UP}

    asyncio.run(run())
    assert looked == ["many.example"]


def test_one_address_of_a_name_that_answers_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, 0, 0, "", (address, 0)) for address in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(names.socket, "getaddrinfo", lambda *_, **__: found)

    async def run() -> Outcome:
        async with serving(saying(b"HTTP/1.1 200 OK\r\n\r\n"), "127.0.0.1") as port, engine() as (asked, _):
            return await asked.ask(Check(ProbeKind.HTTP, "two.example", port))

    assert asyncio.run(run()).verdict is Verdict.UP


def test_a_prober_of_the_caller_does_its_kind_and_may_break() -> None:
    async def vim_api(check: Check) -> Outcome:
        if check.address == "bad":
            raise RuntimeError("password=secret")
        return Outcome(Verdict.UP, check.address)

    async def run() -> None:
        async with engine(probers={ProbeKind.VIM_API: vim_api}) as (asked, _):
            assert (await asked.ask(Check(ProbeKind.VIM_API, "good"))).reason == "good"
            assert await asked.ask(Check(ProbeKind.VIM_API, "bad")) == Outcome(
                Verdict.ERROR, "the check broke: RuntimeError"
            )
        async with engine() as (asked, _):
            assert (await asked.ask(Check(ProbeKind.VIM_API, "good"))).verdict is Verdict.ERROR

    asyncio.run(run())
