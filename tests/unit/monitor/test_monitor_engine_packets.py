"""Echo packets: as the RFCs have them, and unshaken by anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.monitor.engine import packets

VERSIONS = st.sampled_from([4, 6])
LONG = st.integers(0, 2**64 - 1)


def folded(data: bytes) -> int:
    """RFC 1071 as its text has it: the sum of 16-bit words with the carries added again."""
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@given(VERSIONS, st.integers(0, 0xFFFF), LONG, LONG, LONG)
def test_a_request_has_the_right_checksum(version: int, ident: int, serial: int, nonce: int, stamp: int) -> None:
    packet = packets.request(version, ident, serial, nonce, stamp)
    assert len(packet) == packets.SIZE
    assert packet[0] == packets.ECHO[version]
    assert folded(packet) == 0xFFFF


@given(VERSIONS, st.integers(0, 0xFFFF), LONG, LONG, LONG, st.binary(max_size=60))
def test_its_reply_is_read_back(
    version: int, ident: int, serial: int, nonce: int, stamp: int, more: bytes
) -> None:
    packet = packets.request(version, ident, serial, nonce, stamp)
    answer = bytes([packets.REPLY[version]]) + packet[1:] + more
    assert packets.reply(version, answer) == (serial, nonce, stamp)
    header = bytes([0x46]) + bytes(23)
    assert (packets.reply_in_ip(header + answer) == (serial, nonce, stamp)) == (version == 4)


@given(VERSIONS, st.binary(max_size=80), st.integers(0, 60))
def test_garbage_is_no_reply_and_raises_nothing(version: int, data: bytes, start: int) -> None:
    for found in (packets.reply(version, data, start), packets.reply_in_ip(data)):
        assert found is None or all(0 <= part < 2**64 for part in found)


@pytest.mark.parametrize("version", [4, 6])
def test_a_request_or_another_type_is_no_reply(version: int) -> None:
    packet = packets.request(version, 1, 2, 3, 4)
    assert packets.reply(version, packet) is None
    assert packets.reply(version, bytes([3]) + packet[1:]) is None
    assert packets.reply(version, bytes([packets.REPLY[version], 1]) + packet[2:]) is None
    assert packets.reply(version, bytes([packets.REPLY[version]]) + packet[1:-1]) is None
