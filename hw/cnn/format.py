"""
What the streaming network and its host share: frames that load it, images, results, registers.

A network frame has the sections of :data:`hw.bus.layout.SECTION`: NETWORK, then one for each of
:func:`memories`, in that order and whole. TLAST marks its last word.

An image is a packet of bytes, pixels by rows and of each pixel its channels in ascending order,
eight to a word, the first in the lowest byte; what is above the last byte is ignored. A result is a
packet of logits, two to a word, the first one low, and a word with the place of the largest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import Enum, IntEnum, IntFlag

from ..bus.layout import FRAME_MAGIC, SECTION, WORD_BITS, Layout, flag_layout
from .config import (
    CHUNK_BITS,
    INPUT,
    AddConfig,
    AveragePoolConfig,
    ConvConfig,
    PipelineConfig,
    chunks_of,
)

__all__ = [
    "CUT_RESULT",
    "ERROR_FLAGS",
    "FRAME_VERSION",
    "MACHINE",
    "NETWORK",
    "NETWORK_WORDS",
    "STATUS_FLAGS",
    "Control",
    "Error",
    "Memory",
    "Register",
    "SectionKind",
    "Status",
    "fingerprint",
    "image_words",
    "memories",
    "network_fields",
]

MACHINE = 0x4E4E434B  # "KCNN" as little-endian bytes
FRAME_VERSION = 1
CUT_RESULT = (1 << WORD_BITS) - 1
"""Last word of a result that STOP has cut off."""

MAX_UNITS = 1 << dict(SECTION)["unit"]
MAX_CHUNKS = (1 << dict(SECTION)["length"]) - 1

NETWORK: Layout = (
    ("magic", 32),
    ("version", 16),
    ("sections", 16),
    ("fingerprint", 64),
    ("units", 16),
    ("reserved", 48),
)
"""Payload of the NETWORK section: what the frame is made for. ``sections`` counts all sections of
the frame, this one included; ``fingerprint`` is that of the pipeline; ``reserved`` is zero."""
NETWORK_WORDS = 3


class SectionKind(IntEnum):
    """Kinds of section."""

    NETWORK = 1  # unit 0
    WEIGHTS = 2  # address in chunks of 64 bits, the place of the node in the pipeline as unit
    PARAMETERS = 3  # likewise


class Register(IntEnum):
    """Byte addresses of the AXI4-Lite registers, 32 bits each. Counters begin with RUN."""

    ID = 0x00  # RO: MACHINE
    CONFIG = 0x04  # RO: units [15:0], classes [31:16]
    CONTROL = 0x08  # WO: Control
    STATUS = 0x0C  # RO: Status
    ERROR = 0x10  # sticky Error bits; writing ones clears them
    FRAMES_IN = 0x14  # RO: images whose last word has been taken
    FRAMES_OUT = 0x18  # RO: results whose last word has been taken by the host
    INTERVAL = 0x1C  # RO: cycles between the last words of the last two results; 0 before
    LATENCY = 0x20  # RO: from the first word of the last result's image to the result's last word
    CYCLES = 0x24  # RO: cycles from RUN to STOP
    STALLS_IN = 0x28  # RO: cycles in which the first unit was ready for a byte that was not there
    STALLS_OUT = 0x2C  # RO: cycles in which a word of a result was not taken
    UNIT_SELECT = 0x30  # RW: place of a node in the pipeline, whose counters are the next three
    UNIT_BUSY = 0x34  # RO: cycles in which the unit worked
    UNIT_STARVED = 0x38  # RO: cycles in which it waited for input
    UNIT_BLOCKED = 0x3C  # RO: cycles in which it waited until its output was taken


class Control(IntFlag):
    """Bits of the CONTROL register; each acts once, when written as one."""

    RUN = 1 << 0  # take images from now on; counters begin anew, also while running
    STOP = 1 << 1  # lose the images that are on their way, and take network frames again


class Status(IntFlag):
    """Bits of the STATUS register."""

    LOADED = 1 << 0  # a network frame has come in whole and right
    LOADING = 1 << 1  # a network frame is coming in
    RUNNING = 1 << 2  # between RUN and STOP


class Error(IntFlag):
    """Sticky bits of the ERROR register."""

    CRC = 1 << 0  # a section's CRC-32 does not match
    FORMAT = 1 << 1  # magic, version, kind, order or number of sections, or TLAST is wrong
    RANGE = 1 << 2  # a section is not just as large as its memory
    CONFIG = 1 << 3  # the frame is for another pipeline
    REFUSED = 1 << 4  # RUN asked for when it could not be done
    FRAME = 1 << 5  # an image was longer or shorter than images are


ERROR_FLAGS = flag_layout(Error)
"""Bits of :class:`Error`, by lower-case name, each at its place in the register."""

STATUS_FLAGS = flag_layout(Status)
"""Bits of :class:`Status`, by lower-case name, each at its place in the register."""


@dataclass(frozen=True)
class Memory:
    """
    A memory that a network frame fills.

    Parameters
    ----------
    unit : int
        Place of its node in the pipeline.
    kind : SectionKind
    bits : int
        Of a word.
    words : int
    """

    unit: int
    kind: SectionKind
    bits: int
    words: int

    @property
    def chunks(self) -> int:
        """Chunks of 64 bits: the length of its section."""
        return self.words * chunks_of(self.bits)


def memories(config: PipelineConfig) -> tuple[Memory, ...]:
    """A pipeline's memories in the order in which a frame fills them: by node, weights first."""
    if len(config.nodes) > MAX_UNITS:
        raise ValueError(f"a pipeline has at most {MAX_UNITS} nodes, not {len(config.nodes)}")
    found: list[Memory] = []
    for unit, node in enumerate(config.nodes):
        match node.unit:
            case ConvConfig() as conv:
                found += [
                    Memory(unit, SectionKind.WEIGHTS, conv.weight_word, conv.weight_words),
                    Memory(unit, SectionKind.PARAMETERS, conv.parameter_word, conv.parameter_words),
                ]
            case AddConfig() | AveragePoolConfig():
                found.append(Memory(unit, SectionKind.PARAMETERS, CHUNK_BITS, 1))
    for memory in found:
        if memory.chunks > MAX_CHUNKS:
            name, kind = config.nodes[memory.unit].name, memory.kind.name.lower()
            raise ValueError(f"{name} has {memory.chunks} chunks of {kind}, more than {MAX_CHUNKS}")
    return tuple(found)


def network_fields(config: PipelineConfig) -> dict[str, int]:
    """The fields of NETWORK in every frame for a pipeline."""
    return {
        "magic": FRAME_MAGIC,
        "version": FRAME_VERSION,
        "sections": 1 + len(memories(config)),
        "fingerprint": fingerprint(config),
        "units": len(config.nodes),
    }


def fingerprint(config: PipelineConfig) -> int:
    """64 bits that differ between pipelines for which a network is not laid out alike: with other
    units, sizes or connections. Names and skips have no part in it."""
    places = {INPUT: -1} | {node.name: place for place, node in enumerate(config.nodes)}
    described = {
        "image": [config.channels, config.height, config.width],
        "nodes": [
            {
                "kind": type(node.unit).__name__,
                "sizes": asdict(node.unit),
                "sources": [places[source] for source in node.sources],
            }
            for node in config.nodes
        ],
    }
    text = json.dumps(described, sort_keys=True, separators=(",", ":"), default=_plain)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def image_words(config: PipelineConfig) -> int:
    """Words of an image."""
    return -(-config.channels * config.height * config.width * 8 // WORD_BITS)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"no part of a configuration: {value!r}")
