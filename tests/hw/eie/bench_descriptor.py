"""cocotb tests of the descriptor check, against the rules one by one; from test_control.py."""

import random
from collections import Counter

import cocotb
from cocotb.triggers import Timer

from hw.bus.layout import pack
from hw.eie.config import EieConfig
from hw.eie.format import PASS
from sim.runner import bench_parameters

CONFIGS = [EieConfig(**fields) for fields in bench_parameters()["configs"]]
WIDTHS = dict(PASS)


def broken(config, d, slots):
    """Names of the rules that a descriptor breaks."""
    group = 1 << d["group"]
    pointers = d["columns"] + 1 if group == 1 else 8 * -(-d["columns"] // group)
    bias_words = -(-d["bias_rows"] // 2)
    source = (d["src_base"], config.act_depth) if d["src_sram"] else (0, config.file_depth)
    target = (d["dst_base"], config.act_depth) if d["dst_sram"] else (0, config.file_depth)
    written = 1 if d["split"] else d["drain_rows"]
    rules = {
        "biases": d["bias_rows"] <= config.file_depth,
        "rows": d["drain_rows"] <= config.file_depth,
        "columns": d["columns"] > 0,
        "pointers": d["ptr_base"] + pointers <= config.ptr_depth,
        "group": group <= config.group_max,
        "record": group == 1 or d["ptr_base"] % 8 == 0,
        "narrow split": not d["split"] or config.is_wide,
        "split to file": not d["split"] or d["dst_sram"],
        "split rows": not d["split"] or d["drain_rows"] <= config.n_pe,
        "preload": d["spmat_base"] + bias_words + 4 <= config.spmat_depth,
        "entries": d["entry_base"] <= config.spmat_depth,
        "source": source[0] + slots <= source[1],
        "target": target[0] + written <= target[1],
    }
    return {name for name, kept in rules.items() if not kept}


def near(rng, *values):
    """Something around one of the values."""
    return max(0, rng.choice(values) + rng.choice([-8, -4, -2, -1, 0, 0, 0, 0, 1, 2, 4, 8]))


def random_descriptor(rng, config):
    """Fields at the borders of what is allowed, some beyond, and in some descriptors anything."""
    largest = config.group_max.bit_length() - 1
    group = rng.choice([0, 0, largest, rng.randint(0, largest), near(rng, largest)])
    columns = rng.choice([1, rng.randint(1, 40), near(rng, config.n_pe * config.file_depth)])
    columns = min(columns, config.ptr_depth - 1)
    taken = columns + 1 if group == 0 else 8 * -(-columns >> min(group, 4))
    split, bias_rows = int(rng.random() < 0.3), near(rng, 0, config.file_depth)
    drain_rows = near(rng, 0, min(config.file_depth, config.n_pe) if split else config.file_depth)
    result = {
        "spmat_base": near(rng, 0, config.spmat_depth - 4 - bias_rows // 2),
        "entry_base": near(rng, 0, config.spmat_depth),
        "ptr_base": rng.choice([0, config.ptr_depth - taken, near(rng, config.ptr_depth - taken)]),
        "shift": rng.getrandbits(5),
        "relu": rng.getrandbits(1),
        "src_sram": rng.getrandbits(1),
        "dst_sram": int(split and rng.random() < 0.9) or rng.getrandbits(1),
        "columns": columns,
        "src_base": near(rng, 0, config.act_depth - config.slots(columns)),
        "dst_base": near(rng, 0, config.act_depth - (1 if split else drain_rows)),
        "bias_rows": bias_rows,
        "drain_rows": drain_rows,
        "group": group,
        "split": split,
    }
    if rng.random() < 0.1:
        name = rng.choice(list(WIDTHS))
        result[name] = rng.choice([0, (1 << WIDTHS[name]) - 1, rng.getrandbits(WIDTHS[name])])
    return {name: max(0, min(value, (1 << WIDTHS[name]) - 1)) for name, value in result.items()}


@cocotb.test()
@cocotb.parametrize(number=range(len(CONFIGS)))
async def test_rules(dut, number):
    rng, config = random.Random(number), CONFIGS[number]
    unit = f"unit_{number}__"
    alone, good = Counter(), Counter()
    for _ in range(6000):
        descriptor = random_descriptor(rng, config)
        slots = config.slots(descriptor["columns"])
        getattr(dut, unit + "descriptor").value = pack(PASS, descriptor)
        getattr(dut, unit + "slots").value = slots
        await Timer(1, "ns")
        reasons = broken(config, descriptor, slots)
        got = int(getattr(dut, unit + "ok").value)
        assert got == (not reasons), (descriptor, reasons)
        if len(reasons) == 1:
            alone.update(reasons)
        elif got:
            good[descriptor["group"], descriptor["split"]] += 1
    groups = range(config.group_max.bit_length())
    expected = {(group, split) for group in groups for split in range(1 + config.is_wide)}
    assert set(good) == expected and min(good.values()) > 5, good
    tried = {"biases", "columns", "group", "preload", "source", "target"}
    tried |= {"split to file"} if config.is_wide else {"narrow split"}
    tried |= {"record"} if config.group_max > 1 else set()
    tried |= {"entries"} if config.spmat_depth < 1 << WIDTHS["entry_base"] else set()
    assert alone.keys() >= tried, alone
