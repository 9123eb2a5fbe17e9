"""What travels between the units of a wide processing element."""

from __future__ import annotations

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from ...bus.layout import WORD_BITS
from ..config import ACTIVATION_BITS, POINTER_BITS, EieConfig
from ..format import RECORD

__all__ = [
    "END_BITS",
    "OpKind",
    "columns_layout",
    "lane_layout",
    "load_lanes",
    "op_layout",
    "slots_layout",
    "span_layout",
    "values_layout",
    "work_layout",
]

END_BITS = dict(RECORD)["end_0"]


def load_lanes(config: EieConfig) -> int:
    """Biases that a PE preloads in a cycle: two words hold four."""
    return min(config.lanes, 4)


def slots_layout(config: EieConfig) -> data.ArrayLayout:
    """Activations that a PE gives to one vector: ``fetch`` neighbouring slots."""
    return data.ArrayLayout(unsigned(ACTIVATION_BITS), config.fetch)


def columns_layout(config: EieConfig) -> data.StructLayout:
    """A broadcast group (:func:`hw.eie.tokens.token_layout`) without its activations."""
    return data.StructLayout({"end": 1, "single": 1, "column": config.ptr_bits})


def values_layout(config: EieConfig) -> data.ArrayLayout:
    """The activations of a group."""
    return data.ArrayLayout(unsigned(ACTIVATION_BITS), config.group_max)


def span_layout(config: EieConfig) -> data.StructLayout:
    """
    A group of activations with the entries [start, stop) of its columns in this PE, or an ``end``
    mark. Column k's entries end ``ends[k]`` after ``start``, the last one's at ``stop``. Where
    ``single`` is set there is one column, which takes ``values[0]``. ``few`` says that there are
    no more entries than lanes: spmat has no time to find out.
    """
    return data.StructLayout(
        {
            "end": 1,
            "single": 1,
            "few": 1,
            "start": POINTER_BITS,
            "stop": POINTER_BITS,
            "ends": data.ArrayLayout(END_BITS, config.group_max - 1),
            "values": values_layout(config),
        }
    )


class OpKind(enum.Enum, shape=2):
    """What the arithmetic does with two words of sparse-matrix SRAM."""

    ENTRY = 0  # accumulate up to ``lanes`` entries, each times its activation
    LOAD = 1  # preload accumulators with biases
    DRAIN = 2  # give accumulators out
    CODEBOOK = 3  # store the words as eight codebook values


def lane_layout(config: EieConfig) -> data.StructLayout:
    """A lane's part of an operation. ENTRY: the entry's activation, and whether it is its column's
    first. LOAD and DRAIN: whether the lane's row is meant."""
    return data.StructLayout({"valid": 1, "first": 1, "value": unsigned(ACTIVATION_BITS)})


def op_layout(config: EieConfig) -> data.StructLayout:
    """
    One operation of the arithmetic pipeline.

    ENTRY: lane l's entry is byte ``shift`` + l of the two words. LOAD: lane l takes bias l of the
    words for row ``row`` + l. DRAIN: lane l gives row ``row`` + l, where ``row`` is a multiple of
    ``lanes``, drained by the pass in slot ``slot``; ``last`` marks the end of the drain, ``split``
    a row that is summed over all PEs. CODEBOOK: half ``row`` of the codebook.
    """
    return data.StructLayout(
        {
            "kind": OpKind,
            "shift": 3,
            "row": config.slot_bits,
            "last": 1,
            "slot": 1,
            "split": 1,
            "lanes": data.ArrayLayout(lane_layout(config), config.lanes),
        }
    )


def work_layout(config: EieConfig) -> data.StructLayout:
    """An operation with the two neighbouring words that it works on."""
    return data.StructLayout({"op": op_layout(config), "words": data.ArrayLayout(WORD_BITS, 2)})
