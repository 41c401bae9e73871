"""The directory without A&AI: in memory, never older than a second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from fed_common.core.errors import CloudFailed, NotFound, Retryable
from fed_common.core.model import VimId
from fed_common.inventory import directory as room
from fed_common.inventory import services
from fed_common.inventory.directory import Directory, directory
from fed_common.inventory.models import Vim

pytestmark = pytest.mark.django_db

URL = "rabbit://nova:planted-directory@mq:5672/"
VIO = VimId("vio", "Region_One")


def register(vim_id: VimId = VIO, **more: Any) -> None:
    body = {"cloud_owner": vim_id.owner, "cloud_region_id": vim_id.region, "type": "vmware", **more}
    services.register_vim(body)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """``clock(seconds)`` lets time pass for the directory."""
    now = [1000.0]
    monkeypatch.setattr(room.time, "monotonic", lambda: now[0])

    def passes(seconds: float) -> None:
        now[0] += seconds

    return passes


def test_a_registered_vim_is_found_with_its_true_pair_and_its_secrets() -> None:
    register(transport={"url": URL})

    vim = directory().find(VIO)

    assert (vim.id, vim.type, vim.transport.url if vim.transport else "") == (VIO, "vmware", URL)


def test_an_owner_with_an_underscore_is_found_by_the_pair_and_by_the_text() -> None:
    register(VimId("my_own", "RegionOne"))

    for asked in (VimId("my_own", "RegionOne"), VimId.parse("my_own_RegionOne")):
        assert directory().find(asked).id == VimId("my_own", "RegionOne")


def test_an_unknown_vim_is_not_found_in_the_words_of_the_onap_broker() -> None:
    with pytest.raises(NotFound, match=r"Failed to query VIM with id \(ghost_R\)"):
        directory().find(VimId("ghost", "R"))


def test_a_vim_is_in_memory_once_it_was_found(django_assert_num_queries: Any) -> None:
    register()
    found = directory()
    assert found.cached(VIO) is None

    vim = found.find(VIO)

    with django_assert_num_queries(0):
        assert found.cached(VIO) is vim
        assert found.find(VIO) is vim


def test_memory_is_not_trusted_longer_than_a_second(clock: Callable[[float], None]) -> None:
    register()
    found = Directory()
    vim = found.find(VIO)

    clock(room.TRUSTED_FOR)
    assert found.cached(VIO) is vim

    clock(0.01)
    assert found.cached(VIO) is None
    assert found.find(VIO) is vim
    assert found.cached(VIO) is vim


@pytest.mark.parametrize(
    "change",
    [
        lambda: services.change_vim(str(VIO), {"transport": {"url": "fake://"}}),
        lambda: services.remove_vim(str(VIO)),
    ],
)
def test_a_change_is_effective_at_the_next_look(
    change: Callable[[], object], clock: Callable[[float], None]
) -> None:
    register(transport={"url": URL})
    found = Directory()
    before = found.find(VIO)

    change()
    assert found.find(VIO) is before

    clock(room.LOOK_EVERY)
    try:
        after = found.find(VIO).transport
        assert after is not None
        assert after.url == "fake://"
    except NotFound:
        assert not Vim.objects.exists()
    assert found.cached(VIO) is not before


def test_a_vim_is_found_the_moment_it_is_registered() -> None:
    with pytest.raises(NotFound):
        directory().find(VIO)

    register()

    assert directory().find(VIO).id == VIO


def test_a_row_read_before_a_change_does_not_outlive_it(
    clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread has read the row, another changes it and a third one looks, then the first goes on."""
    register(transport={"url": URL})
    found = Directory()
    real = Directory._stored

    def overtaken(self: Directory, *asked: Any) -> Any:
        read = real(self, *asked)
        monkeypatch.setattr(Directory, "_stored", real)
        services.change_vim(str(VIO), {"transport": {"url": "fake://"}})
        clock(room.LOOK_EVERY)
        found.find(VIO)
        return read

    monkeypatch.setattr(Directory, "_stored", overtaken)
    found.find(VIO)

    transport = found.find(VIO).transport
    assert transport is not None
    assert transport.url == "fake://"


def test_a_vim_that_is_switched_off_is_found() -> None:
    register(enabled=False)

    assert directory().find(VIO).id == VIO


def test_a_vim_sealed_with_another_key_fails_alone() -> None:
    register(transport={"url": URL})
    register(VimId("b", "R"), transport={"url": URL})
    Vim.objects.filter(cloud_owner="vio").update(sealed_transport_url="sealed-with-another-key")

    assert directory().find(VimId("b", "R")).transport is not None
    for _ in range(2):
        with pytest.raises(CloudFailed, match="another sealing key") as caught:
            directory().find(VIO)
        assert caught.value.vim_id == "vio_Region_One"
    assert directory().cached(VIO) is None


def test_without_a_database_memory_serves_for_a_second_and_then_says_so(clock: Callable[[float], None]) -> None:
    register()
    found = Directory()
    vim = found.find(VIO)

    def refuse(*_: Any) -> None:
        raise OperationalError("gone")

    with connection.execute_wrapper(refuse):
        clock(room.TRUSTED_FOR)
        assert found.cached(VIO) is vim
        clock(0.01)
        assert found.cached(VIO) is None
        with pytest.raises(Retryable):
            found.find(VIO)


@pytest.mark.django_db(transaction=True)
def test_many_threads_find_many_vims_while_they_change() -> None:
    ids = [VimId(f"o{number}", "R") for number in range(8)]
    for vim_id in ids:
        register(vim_id)
    found, wrong = directory(), []

    def ask() -> None:
        for _ in range(20):
            wrong.extend(vim_id for vim_id in ids if found.find(vim_id).id != vim_id)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for vim_id in ids:
        services.change_vim(str(vim_id), {"enabled": False})
    for thread in threads:
        thread.join(60)

    assert not wrong
    assert not any(thread.is_alive() for thread in threads)


def test_many_vims_that_are_asked_for_are_read_in_one_go(clock: Callable[[float], None]) -> None:
    names = [VimId("many", f"r{number}") for number in range(3 * room.MANY)]
    for name in names:
        register(name)
    known = Directory()
    with CaptureQueriesContext(connection) as asked:
        assert [known.find(name).id for name in names] == names
    assert room.MANY <= len(asked) <= room.MANY + 2
    services.change_vim(str(names[-1]), {"auth_url": "http://elsewhere:5000"})
    clock(1.0)
    assert known.find(names[-1]).auth_url == "http://elsewhere:5000"
