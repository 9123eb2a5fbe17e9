"""Configurations: what is refused and in which words, and the widths that follow."""

import re
from dataclasses import replace

import pytest

from hw.eie.config import PRESETS, EieConfig

NARROW = EieConfig(n_pe=4, spmat_depth=64, ptr_depth=64, act_depth=64)
WIDE = replace(NARROW, lanes=8, group_max=16)

RANGES = {
    "queue_depth": (1, 1024),
    "spmat_depth": (8, 1 << 20),
    "act_depth": (4, 1 << 16),
    "sram_latency": (1, 4),
    "mul_stages": (1, 4),
    "max_passes": (1, 4096),
}


def refuses(config, message, error=ValueError, **fields):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        replace(config, **fields)


@pytest.mark.parametrize("name", RANGES)
def test_ranges(name):
    low, high = RANGES[name]
    for value in (low, high):
        assert getattr(replace(NARROW, **{name: value}), name) == value
    for value in (low - 1, high + 1):
        refuses(NARROW, f"{name} must be from {low} to {high}, not {value}", **{name: value})


@pytest.mark.parametrize("name, top", [("n_pe", 256), ("file_depth", 128)])
def test_powers_of_two(name, top):
    assert getattr(replace(NARROW, **{name: top}), name) == top
    refuses(NARROW, f"{name} must be a power of two, not 12", **{name: 12})
    low = 1 if name == "n_pe" else 2
    refuses(NARROW, f"{name} must be from {low} to {top}, not {2 * top}", **{name: 2 * top})


def test_types():
    refuses(NARROW, "lanes must be an integer, not True", TypeError, lanes=True)
    refuses(NARROW, "group_max must be an integer, not 2.0", TypeError, group_max=2.0)
    refuses(NARROW, "counters must be a bool, not 1", TypeError, counters=1)
    refuses(NARROW, "lean must be a bool, not 1", TypeError, lean=1)
    refuses(NARROW, "queue_limit must be a bool, not 0", TypeError, queue_limit=0)


def test_pointers_are_whole_words():
    refuses(NARROW, "ptr_depth must be a multiple of 4, not 66", ptr_depth=66)
    refuses(NARROW, "ptr_depth must be from 4 to 65536, not 0", ptr_depth=0)
    refuses(WIDE, "ptr_depth must be a multiple of 8 in a wide PE, not 68", ptr_depth=68)
    assert replace(NARROW, ptr_depth=68).ptr_depth == 68


def test_lanes():
    for lanes in (2, 4, 8):
        assert replace(NARROW, lanes=lanes).is_wide
    assert not NARROW.is_wide
    for lanes in (0, 3, 6, 16, -1):
        refuses(NARROW, f"lanes must be one of 1, 2, 4, 8, not {lanes}", lanes=lanes)


def test_groups():
    for group in (1, 2, 4, 8, 16):
        assert replace(WIDE, group_max=group).group_max == group
    for group in (0, 3, 32):
        message = f"group_max must be one of 1, 2, 4, 8, 16, not {group}"
        refuses(WIDE, message, group_max=group)
        refuses(NARROW, message, group_max=group)
    refuses(NARROW, "group_max must be 1 where lanes is 1, not 2", group_max=2)
    refuses(WIDE, "group_max must be from 1 to 8, not 16", lanes=2)
    refuses(WIDE, "group_max must be from 1 to 8, not 16", n_pe=1)
    assert replace(WIDE, n_pe=1, group_max=8).group_max == 8


def test_wide():
    """What a wide PE asks for beyond what any does."""
    refuses(WIDE, "mul_stages must be from 2 to 4, not 1", mul_stages=1)
    refuses(WIDE, "file_depth must be from 8 to 128, not 4", file_depth=4)
    refuses(WIDE, "queue_limit must be False in a wide PE", queue_limit=True)
    refuses(WIDE, "lean must be False in a wide PE", lean=True, dsp=True, counters=False)
    refuses(WIDE, "spmat_depth must be a multiple of 2 in a wide PE, not 9", spmat_depth=9)
    assert replace(WIDE, file_depth=8).file_depth == 8
    narrow = replace(NARROW, mul_stages=1, file_depth=2, queue_limit=True, spmat_depth=9)
    assert not narrow.is_wide


def test_lean():
    refuses(NARROW, "counters must be False where lean is True", lean=True)
    refuses(NARROW, "dsp must be True where lean is True", lean=True, counters=False)
    refuses(WIDE, "dsp must be False in a wide PE", dsp=True)
    lean = replace(NARROW, lean=True, dsp=True, counters=False)
    assert lean.io_read_latency == NARROW.io_read_latency - 1


@pytest.mark.parametrize(
    "n_pe, group, block, fetch, blocks",
    [(4, 1, 1, 1, 4), (4, 2, 2, 1, 2), (4, 4, 4, 1, 1), (4, 16, 4, 4, 1), (64, 16, 16, 1, 4)],
)
def test_blocks(n_pe, group, block, fetch, blocks):
    """A vector is one slot of a block of PEs, or several of all of them."""
    config = replace(WIDE, n_pe=n_pe, group_max=group)
    assert (config.block, config.fetch, config.blocks) == (block, fetch, blocks)
    assert config.block * config.fetch == group and config.block * config.blocks == n_pe


def test_widths():
    config = replace(NARROW, n_pe=256, file_depth=128, spmat_depth=65, ptr_depth=68, act_depth=64)
    assert (config.pe_bits, config.slot_bits, config.spmat_bits) == (8, 7, 7)
    assert (config.ptr_bits, config.act_bits, config.io_read_latency) == (7, 6, 4)
    assert [config.slots(length) for length in (0, 1, 256, 257)] == [0, 1, 1, 2]
    assert replace(NARROW, n_pe=1).pe_bits == 0


def test_presets():
    for name, config in PRESETS.items():
        assert config.is_wide == name.startswith("wide")
        if config.is_wide:
            assert (config.lanes, config.group_max) == (8, 16)
            narrow = PRESETS.get(f"weng{config.n_pe}", PRESETS.get(f"paper{config.n_pe}"))
            assert replace(config, lanes=1, group_max=1, queue_depth=8) == narrow
