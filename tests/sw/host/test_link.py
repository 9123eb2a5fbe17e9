"""Requests as bytes, and replies in whatever comes back."""

import pytest

from hw.bus.format import MAX_PAYLOAD, Command, Reply
from sw.host.link import Link, ReplyPacket, with_crc


def reply(status, sequence, payload=b""):
    return with_crc(bytes([status, sequence, len(payload)]) + payload)


def test_crc():
    """The check value of CRC-16/IBM-3740."""
    assert with_crc(b"123456789")[-2:] == b"\x29\xb1"


def test_requests_are_numbered():
    link = Link()
    first = link.request(Command.READ, b"\x0c\x00")
    assert first == with_crc(b"\x01\x01\x02\x0c\x00")
    assert link.again() == first
    numbers = [link.request(Command.RECEIVE)[1] for _ in range(260)]
    assert numbers[:2] == [2, 3] and numbers[252:256] == [254, 255, 1, 2]
    assert link.request(Command.RESET, sequence=0)[1] == 0


def test_payload_too_long():
    with pytest.raises(ValueError, match="payload must be at most 248 bytes, not 249"):
        Link().request(Command.SEND, bytes(MAX_PAYLOAD + 1))


def test_reply_in_pieces():
    link = Link()
    link.request(Command.READ)
    data = reply(Reply.OK, 1, b"abcd")
    for k in range(len(data) - 1):
        assert link.feed(data[k : k + 1]) is None
    assert link.feed(data[-1:]) == ReplyPacket(Reply.OK, 1, b"abcd")


def test_other_numbers_are_dropped_unless_they_are_faults():
    link = Link()
    link.request(Command.READ)
    assert link.feed(reply(Reply.OK, 7) + reply(Reply.BUS, 1)) == ReplyPacket(Reply.BUS, 1, b"")
    assert link.feed(reply(Reply.CRC, 9)) == ReplyPacket(Reply.CRC, 9, b"")


@pytest.mark.parametrize("bit", range(0, 72, 5))
def test_damaged_reply(bit):
    """Is not taken for another one; the repeated one is found."""
    link = Link()
    link.request(Command.READ)
    data = bytearray(reply(Reply.OK, 1, b"abcd"))
    data[bit // 8] ^= 1 << bit % 8
    assert link.feed(bytes(data)) is None
    link.again()
    assert link.feed(reply(Reply.OK, 1, b"abcd")).payload == b"abcd"


def test_unknown_status():
    link = Link()
    link.request(Command.READ)
    assert link.feed(reply(99, 1)) is None
    assert link.again()[1] == 1
