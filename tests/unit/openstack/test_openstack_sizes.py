"""How large a VM is to be, in a descriptor's words."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.errors import Invalid
from multicloud_generic.sizes import Sizes, sizes


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, Sizes()),
        ({"num_cpus": "2", "mem_size": "4096 MB", "disk_size": "10 GB"}, Sizes(2, 4096, 10)),
        ({"mem_size": "1.5 GB"}, Sizes(0, 1536, 0)),
        ({"mem_size": "512", "disk_size": "3"}, Sizes(0, 512, 3)),
        ({"mem_size": "1GiB", "disk_size": "1 TB"}, Sizes(0, 1024, 1024)),
        ({"mem_size": "1 kB", "disk_size": "1 B"}, Sizes(0, 1, 1)),
        ({"other": "what"}, Sizes()),
    ],
)
def test_sizes_are_read_and_rounded_up(properties: dict[str, str], expected: Sizes) -> None:
    assert sizes(properties) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [("num_cpus", "two"), ("num_cpus", "1.5"), ("num_cpus", "-1"), ("mem_size", "much"), ("disk_size", "3 PB")],
)
def test_a_size_that_is_none_is_named(name: str, value: str) -> None:
    with pytest.raises(Invalid) as caught:
        sizes({name: value})
    assert (caught.value.field, caught.value.value) == (f"properties.{name}", value)


@given(st.dictionaries(st.sampled_from(("num_cpus", "mem_size", "disk_size")), st.text()))
def test_any_words_are_sizes_or_refused(properties: dict[str, str]) -> None:
    with suppress(Invalid):
        assert min(sizes(properties)) >= 0
