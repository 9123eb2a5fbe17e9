"""
Bit layouts that hardware and compiler share: entries, pass descriptors, stream frames, registers.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

from ..bus.layout import Layout

__all__ = [
    "ENTRY",
    "FRAME_VERSION",
    "MAX_ZERO_RUN",
    "NETWORK",
    "NETWORK_WORDS",
    "PASS",
    "PASS_WORDS",
    "RECORD",
    "RECORD_END_MAX",
    "Control",
    "Counter",
    "Error",
    "IoTarget",
    "Register",
    "SectionKind",
    "Status",
]

FRAME_VERSION = 2
MAX_ZERO_RUN = 15

ENTRY: Layout = (("index", 4), ("zeros", 4))
"""One sparse-matrix entry: codebook index, and zeros before it in this PE's slice of the column.
Eight to a word, the first in the lowest byte."""

PASS: Layout = (
    ("spmat_base", 20),
    ("entry_base", 20),
    ("ptr_base", 16),
    ("shift", 5),
    ("relu", 1),
    ("src_sram", 1),
    ("dst_sram", 1),
    ("columns", 16),
    ("src_base", 16),
    ("dst_base", 16),
    ("bias_rows", 8),
    ("drain_rows", 8),
    ("group", 3),
    ("split", 1),
)
"""One pass: a tile of a layer that the array works through without the host.

- ``spmat_base``: word address, in every PE, of ceil(bias_rows / 2) words of two 32-bit biases
  (even row low) followed by four words of the 16 codebook values (entry 0 in the lowest bits).
- ``entry_base``: word address of the entries that the pass's pointers count from.
- ``ptr_base``: address of column 0's pointer; column c has entries
  [pointer[ptr_base + c], pointer[ptr_base + c + 1]).
- ``columns``: inputs of the pass; PE k reads slots 0 .. ceil(columns / n_pe) - 1 of its source,
  slot s being column s * n_pe + k.
- ``src_sram``, ``src_base``: the source is the activation SRAM from ``src_base`` on, else the
  source file, filled by the host or by the drain of the pass before.
- ``bias_rows``: accumulator rows preloaded with biases before the pass; 0 keeps the accumulators
  (a further column tile of the same rows).
- ``drain_rows``: accumulator rows requantised after the pass; 0 keeps them for the next pass.
- ``shift``, ``relu``: requantisation of those rows (round half up, saturate to 16 bits, ReLU).
- ``dst_sram``, ``dst_base``: where drained rows go: activation SRAM from ``dst_base``, else slots
  0.. of the source file.
- ``group``: log2 of the columns that are broadcast together, at most that of ``group_max``. From 1
  on, the record (:data:`RECORD`) of columns c * 2**group and following is at pointer address
  ``ptr_base`` + 8 c, and ``ptr_base`` is a multiple of 8.
- ``split``: every PE holds a part of the columns of all rows; drained row r (below ``n_pe``) is the
  sum of accumulator r over all PEs, modulo 2**32, and goes to PE r's slot 0. To the SRAM only.
"""
PASS_WORDS = 3

RECORD: Layout = (("base", 16), *((f"end_{k}", 7) for k in range(16)))
"""Pointers of a group of columns in two 64-bit words: the group's first entry, and for each column
where its entries end, counted from there. Columns beyond the group's end where the last one does.
"""
RECORD_END_MAX = 127

NETWORK: Layout = (
    ("magic", 32),
    ("version", 16),
    ("sections", 16),
    ("n_pe", 16),
    ("file_depth", 16),
    ("passes", 16),
    ("in_sram", 1),
    ("reserved", 15),
    ("inputs", 16),
    ("outputs", 16),
    ("in_base", 16),
    ("out_base", 16),
    ("in_min", 16),
    ("in_max", 16),
    ("reserved_high", 32),
)
"""Payload of the NETWORK section, first in every program frame: what the frame is made for.
``sections`` counts all sections of the frame, this one included. ``in_min`` and ``in_max`` are the
declared input range (two's complement). Inputs go to the activation SRAM from ``in_base`` where
``in_sram`` is set, else to the source file; outputs are read from ``out_base`` of the SRAM.
Reserved fields are zero."""
NETWORK_WORDS = 4


class SectionKind(IntEnum):
    """Kinds of section. A program frame is NETWORK, PASSES, then POINTERS and SPMAT for every PE;
    an activation frame is one ACTIVATIONS section. The stream's TLAST marks a frame's last word.
    """

    NETWORK = 1
    PASSES = 2  # address 0; payload: PASS_WORDS a pass
    POINTERS = 3  # address in pairs of pointers (even); payload: four 16-bit pointers a word
    SPMAT = 4  # address in words; payload: words as stored
    ACTIVATIONS = 5  # address 0; payload: four activations a word, zero-padded to whole words


class IoTarget(IntEnum):
    """Memories that the I/O bus reaches in every PE, and its data format."""

    POINTERS = 0  # address in pairs; low 32 bits: even pointer, odd pointer. Wide: words of four
    SPMAT = 1  # address in words
    ACTIVATION_SRAM = 2  # address in activations; low 16 bits
    SOURCE_FILE = 3  # slot; low 16 bits; write only
    COUNTERS = 4  # Counter; low 32 bits; read only


class Counter(IntEnum):
    """Performance counters of a PE, 32 bits each, cleared by start."""

    ENTRIES = 0  # entries issued to the arithmetic
    PADDING = 1  # of those, entries with codebook index 0
    EMPTY = 2  # cycles spent on columns without an entry in this PE
    STARVED = 3  # cycles of a pass in which no column was at hand
    TURN = 4  # cycles spent on biases, codebook and drain between passes
    QUEUE_FULL = 5  # cycles in which the activation queue was as full as its depth, or fuller
    BUSY = 6  # cycles in which entries were issued, up to ``lanes`` in each


class Register(IntEnum):
    """Byte addresses of the AXI4-Lite registers, 32 bits each."""

    ID = 0x00  # RO: FRAME_MAGIC
    CONFIG = 0x04  # RO: n_pe [15:0], file_depth [31:16]
    CONTROL = 0x08  # WO: Control
    STATUS = 0x0C  # RO: Status
    ERROR = 0x10  # sticky Error bits; writing ones clears them
    WATCHDOG = 0x14  # RW: cycles that an inference may take, never 0
    CYCLES = 0x18  # RO: cycles of the last inference, start to last result
    COUNTER_SELECT = 0x1C  # RW: Counter [7:0], PE [15:8]
    COUNTER_DATA = 0x20  # RO: the selected counter
    PASS_SELECT = 0x24  # RW: pass number
    PASS_CYCLES = 0x28  # RO: cycle, counted from start, at which the selected pass had drained
    READ_ADDRESS = 0x2C  # RW: address [19:0], PE [27:20], IoTarget [30:28]
    READ_LENGTH = 0x30  # RW: units to read back on the output stream
    QUEUE_LIMIT = 0x34  # RW: entries of the activation queues; only where configured


class Control(IntFlag):
    """Bits of the CONTROL register; each acts once, when written as one."""

    START = 1 << 0  # run the loaded program on the loaded activations
    ABORT = 1 << 1  # stop an inference or a read-back and go idle
    READ_BACK = 1 << 2  # stream READ_LENGTH units from READ_ADDRESS out, one a word


class Status(IntFlag):
    """Bits of the STATUS register."""

    LOADED = 1 << 0  # a program is loaded and all its checks have passed
    INPUTS = 1 << 1  # an activation frame is loaded and not yet consumed
    BUSY = 1 << 2  # computing
    DONE = 1 << 3  # the last inference has finished; cleared by start
    READING = 1 << 4  # results or a read-back are on their way out
    LOADING = 1 << 5  # a frame is coming in


class Error(IntFlag):
    """Sticky bits of the ERROR register."""

    CRC = 1 << 0  # a section's CRC-32 does not match
    FORMAT = 1 << 1  # magic, version, section order, length or TLAST is wrong
    RANGE = 1 << 2  # a section or the network's vectors lie outside a memory
    CONFIG = 1 << 3  # the frame is for another configuration
    DESCRIPTOR = 1 << 4  # a pass descriptor points outside a memory or file
    REFUSED = 1 << 5  # start or read-back asked for when it could not be done
    WATCHDOG = 1 << 6  # an inference ran out of time and was stopped
    POINTER = 1 << 7  # a column's pointers run backwards or out of the sparse-matrix SRAM
    ROW = 1 << 8  # an entry's row lies outside the accumulator file
    INPUT_RANGE = 1 << 9  # an input was outside the declared range
