"""Parameters of an EIE instance: one frozen object, derived widths in one place, named presets."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..bus.layout import WORD_BITS

__all__ = ["PRESETS", "EieConfig"]

ENTRIES_PER_WORD = 8
ACTIVATION_BITS = 16
ACCUMULATOR_BITS = 32
CODEBOOK_SIZE = 16
CODEBOOK_WORDS = CODEBOOK_SIZE * ACTIVATION_BITS // WORD_BITS
POINTER_BITS = 16
POINTERS_PER_WORD = WORD_BITS // POINTER_BITS
POINTERS_PER_RECORD = 2 * POINTERS_PER_WORD
"""Pointers whose place a group's record takes."""
LANES = (1, 2, 4, 8)
GROUPS = (1, 2, 4, 8, 16)


def _is_power_of_two(value: int) -> bool:
    return value > 0 and value & (value - 1) == 0


@dataclass(frozen=True)
class EieConfig:
    """
    One EIE instance.

    Parameters
    ----------
    n_pe : int
        Processing elements, a power of two from 1 to 256. Row i, output i and activation i
        belong to PE i mod ``n_pe`` (section III of the paper).
    queue_depth : int
        Entries of the activation queue in front of each PE from which it stalls the broadcast (the
        paper's choice is 8). It can hold those that are then on their way too
        (:data:`hw.eie.broadcast.BROADCAST_FLIGHT`). In a wide PE those whose pointers are being
        read are among them.
    spmat_depth : int
        64-bit words of sparse-matrix SRAM per PE; a word holds eight entries.
    ptr_depth : int
        16-bit column pointers per PE, even and odd bank together.
    act_depth : int
        16-bit activations in the activation SRAM per PE, for vectors beyond the register file.
    file_depth : int
        Slots of the source activation file and rows of the accumulator file per PE,
        a power of two from 2 to 128.
    sram_latency : int
        Cycles from an SRAM read to its data, 1 to 4; an SRAM takes one access a cycle.
    mul_stages : int
        Pipeline stages of the multiplier, 1 to 4.
    max_passes : int
        Pass descriptors that the central control can hold.
    counters : bool
        Whether each PE has performance counters.
    lanes : int
        Entries that a PE works on in a cycle: 1, as in the paper, or 2, 4 or 8 in a wide PE
        (:mod:`hw.eie.wide`).
    group_max : int
        Most consecutive columns that a wide array broadcasts together: 1, 2, 4, 8 or 16.
    lean : bool
        Whether the array gives up what inference can do without, to fit a small FPGA: no read-back,
        no cycle counts of passes, and a frame's words take eight cycles each, results and column
        pointers come one at a time. Neither with ``counters`` nor in a wide PE.
    dsp : bool
        Whether PEs multiply as FPGAs do, numbers in two's complement in a block that is there for
        it; otherwise magnitudes, of which small ones draw little. A lean array must. Cycles are the
        same. Not in a wide PE.
    queue_limit : bool
        Whether a register can limit the activation queues to fewer entries than ``queue_depth``,
        so that one simulation model serves every depth up to it. Not meant for synthesis.
    """

    n_pe: int
    spmat_depth: int
    ptr_depth: int
    act_depth: int
    queue_depth: int = 8
    file_depth: int = 64
    sram_latency: int = 2
    mul_stages: int = 2
    max_passes: int = 64
    counters: bool = True
    lanes: int = 1
    group_max: int = 1
    lean: bool = False
    dsp: bool = False
    queue_limit: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("counters", "lean", "dsp", "queue_limit"):
                if not isinstance(value, bool):
                    raise TypeError(f"{field.name} must be a bool, not {value!r}")
            elif not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{field.name} must be an integer, not {value!r}")
        self._check_range("n_pe", 1, 256)
        self._check_range("queue_depth", 1, 1024)
        self._check_range("spmat_depth", 8, 1 << 20)
        self._check_range("ptr_depth", 4, 1 << POINTER_BITS)
        self._check_range("act_depth", 4, 1 << 16)
        self._check_range("file_depth", 2, 128)
        self._check_range("sram_latency", 1, 4)
        self._check_range("mul_stages", 1, 4)
        self._check_range("max_passes", 1, 4096)
        for name in ("n_pe", "file_depth"):
            if not _is_power_of_two(getattr(self, name)):
                raise ValueError(f"{name} must be a power of two, not {getattr(self, name)}")
        if self.ptr_depth % 4:
            raise ValueError(f"ptr_depth must be a multiple of 4, not {self.ptr_depth}")
        for name, choices in (("lanes", LANES), ("group_max", GROUPS)):
            if getattr(self, name) not in choices:
                known = ", ".join(map(str, choices))
                raise ValueError(f"{name} must be one of {known}, not {getattr(self, name)}")
        if self.lean and self.counters:
            raise ValueError("counters must be False where lean is True")
        if self.lean and not self.dsp:
            raise ValueError("dsp must be True where lean is True")
        if self.is_wide:
            self._check_wide()
        elif self.group_max > 1:
            raise ValueError(f"group_max must be 1 where lanes is 1, not {self.group_max}")

    def _check_wide(self) -> None:
        """What the banks and the pipeline of a wide PE ask for."""
        self._check_range("mul_stages", 2, 4)
        self._check_range("file_depth", self.lanes, 128)
        self._check_range("group_max", 1, self.n_pe * self.lanes)
        for name in ("lean", "dsp", "queue_limit"):
            if getattr(self, name):
                raise ValueError(f"{name} must be False in a wide PE")
        for name, unit in (("spmat_depth", 2), ("ptr_depth", POINTERS_PER_RECORD)):
            if getattr(self, name) % unit:
                value = getattr(self, name)
                raise ValueError(f"{name} must be a multiple of {unit} in a wide PE, not {value}")

    def _check_range(self, name: str, low: int, high: int) -> None:
        value = getattr(self, name)
        if not low <= value <= high:
            raise ValueError(f"{name} must be from {low} to {high}, not {value}")

    @property
    def is_wide(self) -> bool:
        """Whether PEs work on several entries a cycle."""
        return self.lanes > 1

    @property
    def block(self) -> int:
        """PEs that together supply one vector of activations; 1 unless the array is wide."""
        return min(self.group_max, self.n_pe)

    @property
    def fetch(self) -> int:
        """Slots that each of them gives to it."""
        return self.group_max // self.block

    @property
    def blocks(self) -> int:
        """Blocks of PEs, the leaves of the detection tree."""
        return self.n_pe // self.block

    @property
    def pe_bits(self) -> int:
        """Bits of a PE number: log2 of ``n_pe``, 0 for one PE."""
        return self.n_pe.bit_length() - 1

    @property
    def slot_bits(self) -> int:
        """Bits of a slot in the source file, and of a row in the accumulator file."""
        return self.file_depth.bit_length() - 1

    @property
    def spmat_bits(self) -> int:
        """Bits of a word address in the sparse-matrix SRAM."""
        return (self.spmat_depth - 1).bit_length()

    @property
    def ptr_bits(self) -> int:
        """Bits of the address of one column pointer."""
        return (self.ptr_depth - 1).bit_length()

    @property
    def act_bits(self) -> int:
        """Bits of an address in the activation SRAM."""
        return (self.act_depth - 1).bit_length()

    @property
    def io_read_latency(self) -> int:
        """Cycles from a read on the I/O bus to its data: the SRAM, and two registers or one."""
        return self.sram_latency + (1 if self.lean else 2)

    def slots(self, length: int) -> int:
        """Slots that a vector of ``length`` activations takes in every PE."""
        return -(-length // self.n_pe)


def _wide(n_pe: int) -> EieConfig:
    """As many PEs as the paper's, with the same memories, that take a whole SRAM word a cycle."""
    return EieConfig(
        n_pe=n_pe,
        spmat_depth=16384,
        ptr_depth=16384,
        act_depth=1024,
        lanes=8,
        group_max=16,
    )


PRESETS = {
    "tiny": EieConfig(
        n_pe=4, spmat_depth=1024, ptr_depth=1024, act_depth=256, file_depth=16, max_passes=32
    ),
    "weng8": EieConfig(n_pe=8, spmat_depth=16384, ptr_depth=16384, act_depth=1024),
    "weng32": EieConfig(n_pe=32, spmat_depth=16384, ptr_depth=16384, act_depth=1024),
    "paper64": EieConfig(n_pe=64, spmat_depth=16384, ptr_depth=16384, act_depth=1024),
    "ulx3s": EieConfig(n_pe=8, spmat_depth=2048, ptr_depth=4096, act_depth=1024, dsp=True),
    "icebreaker": EieConfig(
        n_pe=1,
        spmat_depth=4096,
        ptr_depth=2048,
        act_depth=512,
        queue_depth=1,
        file_depth=16,
        sram_latency=1,
        mul_stages=1,
        max_passes=32,
        counters=False,
        lean=True,
        dsp=True,
    ),
    **{f"wide{n_pe}": _wide(n_pe) for n_pe in (8, 32, 64)},
}
