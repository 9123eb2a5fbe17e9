"""What travels between the units of a processing element."""

from __future__ import annotations

from amaranth.hdl import Mux, Signal, Value, ValueLike, unsigned
from amaranth.lib import data, enum

from ..bus.layout import WORD_BITS, struct_layout
from .config import ACTIVATION_BITS, POINTER_BITS, EieConfig
from .format import PASS

__all__ = [
    "OpKind",
    "ShownPass",
    "drained_layout",
    "op_layout",
    "pass_slot_layout",
    "pointed_layout",
    "range_layout",
    "registered_slots",
    "token_layout",
    "used_bits",
    "work_layout",
]


def token_layout(config: EieConfig) -> data.StructLayout:
    """A non-zero activation on its way to all PEs, with the address of its column's pointer; or,
    where ``end`` is set, the mark that the pass has no more of them.

    In a wide array ``values`` are the activations of a group of columns, and ``column`` is the
    address of the group's record; or, where ``single`` is set, the first one is an activation by
    itself."""
    if config.is_wide:
        values = data.ArrayLayout(unsigned(ACTIVATION_BITS), config.group_max)
        return data.StructLayout(
            {"end": 1, "single": 1, "column": config.ptr_bits, "values": values}
        )
    return data.StructLayout(
        {"end": 1, "column": config.ptr_bits, "value": unsigned(ACTIVATION_BITS)}
    )


def range_layout(config: EieConfig) -> data.StructLayout:
    """An activation with the entries [start, stop) of its column in this PE, or an ``end`` mark.
    ``empty`` says that stop <= start, ``backwards`` that stop < start, and ``single`` that there is
    one entry: spmat has no time to find out."""
    return data.StructLayout(
        {
            "end": 1,
            "start": POINTER_BITS,
            "stop": POINTER_BITS,
            "value": unsigned(ACTIVATION_BITS),
            "empty": 1,
            "backwards": 1,
            "single": 1,
        }
    )


def pointed_layout(config: EieConfig) -> data.StructLayout:
    """An activation with the two pointers of its column, or an ``end`` mark."""
    return data.StructLayout(
        {"end": 1, "start": POINTER_BITS, "stop": POINTER_BITS, "value": unsigned(ACTIVATION_BITS)}
    )


class OpKind(enum.Enum, shape=2):
    """What the arithmetic does with a word of sparse-matrix SRAM."""

    ENTRY = 0  # accumulate one entry of it, times the activation
    TURN = 1  # drain an accumulator and preload it with one of the word's two biases
    CODEBOOK = 2  # store the word as four codebook values


def op_layout(config: EieConfig) -> data.StructLayout:
    """One operation of the arithmetic pipeline.

    ``part`` selects the byte (ENTRY) or the half (TURN) of the SRAM word that comes with it, or
    names the quarter of the codebook that the word holds (CODEBOOK). ``first`` marks a column's
    first entry, ``value`` comes with it. TURN: ``row`` is drained where ``drain`` is set, by the
    pass in slot ``slot``, and preloaded where ``load`` is set; ``last`` marks the last row of the
    turn.
    """
    return data.StructLayout(
        {
            "kind": OpKind,
            "part": 3,
            "first": 1,
            "value": unsigned(ACTIVATION_BITS),
            "row": config.slot_bits,
            "load": 1,
            "drain": 1,
            "last": 1,
            "slot": 1,
        }
    )


def work_layout(config: EieConfig) -> data.StructLayout:
    """An operation with the SRAM word it works on."""
    return data.StructLayout({"op": op_layout(config), "word": WORD_BITS})


def drained_layout(config: EieConfig, value_shape) -> data.StructLayout:
    """A drained row, before (accumulator) or after (activation) requantisation. Where ``drain`` is
    not set there is no row, only the ``last`` mark of a turn."""
    return data.StructLayout(
        {"drain": 1, "last": 1, "slot": 1, "row": config.slot_bits, "value": value_shape}
    )


def pass_slot_layout(config: EieConfig) -> data.StructLayout:
    """One of the two pass descriptors that central control shows to all PEs.

    ``ticket`` is the pass number modulo 4, by which a PE knows the pass that it waits for;
    ``halt`` stands for the end of the inference instead of a pass; ``slots`` is
    ceil(columns / n_pe).
    """
    return data.StructLayout(
        {
            "valid": 1,
            "halt": 1,
            "ticket": 2,
            "slots": 16,
            "descriptor": struct_layout(PASS),
        }
    )


def registered_slots(m, slots: data.View) -> data.View:
    """What a PE sees of ``slots``: the marks of a pass (``valid``, ``halt``, ``ticket``) a cycle
    later than its other fields, so that those have two cycles to come from central control."""
    local = Signal(slots.shape(), name="local_slots")
    for here, there in zip((local[0], local[1]), (slots[0], slots[1]), strict=True):
        m.d.comb += [here.slots.eq(there.slots), here.descriptor.eq(there.descriptor)]
        marks = Signal(data.StructLayout({"valid": 1, "halt": 1, "ticket": 2}))
        m.d.sync += [marks.valid.eq(there.valid), marks.halt.eq(there.halt)]
        m.d.sync += marks.ticket.eq(there.ticket)
        m.d.comb += [here.valid.eq(marks.valid), here.halt.eq(marks.halt)]
        m.d.comb += here.ticket.eq(marks.ticket)
    return local


def used_bits(config: EieConfig) -> dict[str, int]:
    """Masks of the bits that fields of :func:`pass_slot_layout` and of a checked descriptor can
    have set where they mean anything."""
    rows, columns = config.file_depth, config.ptr_depth - 1
    limits = {
        "spmat_base": config.spmat_depth - 1,
        "entry_base": config.spmat_depth,
        "ptr_base": config.ptr_depth - 1,
        "columns": columns,
        "src_base": config.act_depth - 1,
        "dst_base": config.act_depth - 1,
        "bias_rows": rows,
        "drain_rows": rows,
        "group": config.group_max.bit_length() - 1,
        "split": int(config.is_wide),
    }
    masks = {name: (1 << limit.bit_length()) - 1 for name, limit in limits.items()}
    whole = {name: (1 << width) - 1 for name, width in PASS if name not in masks}
    slots = max(config.act_depth, config.file_depth)
    return {**masks, **whole, "slots": (1 << slots.bit_length()) - 1}


class ShownPass:
    """
    The pass in slot ``number`` (0 or 1, a value): every field of the slot and of its descriptor as
    an attribute. Each is selected by itself, so that a unit pays for the fields it uses.
    """

    def __init__(self, slots: data.View, number: ValueLike):
        self._slots = slots
        self._number = number

    def __getattr__(self, field: str) -> Value:
        first, second = (
            slot.descriptor[field] if field in _PASS_FIELDS else slot[field]
            for slot in (self._slots[0], self._slots[1])
        )
        return Mux(self._number, second, first)


_PASS_FIELDS = frozenset(name for name, _ in PASS)
