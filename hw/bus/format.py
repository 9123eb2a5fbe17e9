"""
Packets between a host and the gateware on a serial line: commands, replies, sizes.

Request: command, sequence, length, ``length`` bytes of payload, CRC-16. Reply: :class:`Reply`,
sequence of the request, length, payload, CRC-16. The CRC is that of CRC-16/IBM-3740 (polynomial
0x1021, initial value 0xFFFF) over all bytes before it, high byte first; everything else is little
endian.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "BYTES_PER_WORD",
    "CRC_BYTES",
    "CRC_INIT",
    "HEADER_BYTES",
    "MAX_PAYLOAD",
    "MAX_WORDS",
    "Command",
    "Reply",
]

HEADER_BYTES = 3
CRC_BYTES = 2
CRC_INIT = 0xFFFF
BYTES_PER_WORD = 8
MAX_WORDS = 31
"""Words that a packet holds at most, either way."""
MAX_PAYLOAD = MAX_WORDS * BYTES_PER_WORD
"""Bytes of a request's payload; a reply may have one more."""


class Command(IntEnum):
    """What a request asks for."""

    READ = 1  # payload: byte address (2). Reply: value (4)
    WRITE = 2  # payload: value (4), byte address (2). Reply: nothing
    SEND = 3  # payload: 1 to MAX_WORDS words. Reply: how many the stream has taken (1)
    SEND_LAST = 4  # the same, and the last word ends the frame
    RECEIVE = 5  # no payload. Reply: words, then TKEEP (1) of the last if it ends a packet, else 0
    RESET = 6  # no payload. The machine forgets all but the contents of its memories


class Reply(IntEnum):
    """First byte of a reply: how the request went."""

    OK = 0
    CRC = 1  # the request's CRC is wrong
    COMMAND = 2  # there is no such command
    LENGTH = 3  # the payload is longer than any, or not as long as the command's
    TRUNCATED = 4  # no byte came for too long within a request
    FRAMING = 5  # a byte had no stop bit
    BUS = 6  # the machine has no such register, or refuses the value
    STALLED = 7  # the stream took no more words for too long; payload as of SEND
