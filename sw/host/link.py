"""Packets of ``hw.bus.format`` as bytes: requests out, replies in, whatever carries them."""

from __future__ import annotations

import binascii
from dataclasses import dataclass

from hw.bus.format import CRC_BYTES, CRC_INIT, HEADER_BYTES, MAX_PAYLOAD, Reply

__all__ = ["FAULTS", "Link", "ReplyPacket", "with_crc"]

FAULTS = frozenset({Reply.CRC, Reply.LENGTH, Reply.TRUNCATED, Reply.FRAMING})
"""Replies to a request that did not get through whole."""


def with_crc(data: bytes) -> bytes:
    """The bytes, and their CRC-16 behind them."""
    return data + binascii.crc_hqx(data, CRC_INIT).to_bytes(CRC_BYTES, "big")


@dataclass(frozen=True)
class ReplyPacket:
    """A reply whose CRC was right."""

    status: Reply
    sequence: int
    payload: bytes


class Link:
    """
    Numbers requests and finds their replies in what comes back.

    The gateware does not carry out a request again that has the number of the one before, but
    repeats its reply; so :meth:`again` is safe whenever no sound reply came. One request at a time.
    """

    def __init__(self) -> None:
        self._sequence = 0
        self._request = b""
        self._received = bytearray()

    def request(self, command: int, payload: bytes = b"", *, sequence: int | None = None) -> bytes:
        """The bytes of a new request. ``sequence`` is 1 to 255 in turn by default; 0 has the
        request carried out whatever came before, which suits the first one of a session."""
        if len(payload) > MAX_PAYLOAD:
            raise ValueError(f"payload must be at most {MAX_PAYLOAD} bytes, not {len(payload)}")
        self._sequence = self._sequence % 255 + 1 if sequence is None else sequence
        self._request = with_crc(bytes([command, self._sequence, len(payload)]) + payload)
        return self.again()

    def again(self) -> bytes:
        """The last request once more; what has come of a reply is dropped."""
        self._received.clear()
        return self._request

    def feed(self, data: bytes) -> ReplyPacket | None:
        """Take bytes that came in; the reply, once it is whole. Packets with a wrong CRC, and
        replies with another number than the request's, are dropped; replies that the request was
        faulty are given whatever their number."""
        self._received += data
        while len(self._received) >= HEADER_BYTES + CRC_BYTES:
            end = HEADER_BYTES + self._received[2] + CRC_BYTES
            if len(self._received) < end:
                return None
            packet, self._received = bytes(self._received[:end]), self._received[end:]
            if with_crc(packet[:-CRC_BYTES]) != packet or packet[0] not in list(Reply):
                self._received.clear()
                return None
            reply = ReplyPacket(Reply(packet[0]), packet[1], packet[HEADER_BYTES:-CRC_BYTES])
            if reply.sequence == self._sequence or reply.status in FAULTS:
                return reply
        return None
