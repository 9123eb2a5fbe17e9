"""cocotb tests of sparse-matrix read, in step with a model of it; started by test_spmat.py."""

import cocotb

from tests.hw.eie.spmat_machine import NUMBERS, Machine, Pass, operations


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, stalls=["never", "bursty"], slow=[False, True])
async def test_inferences(dut, number, stalls, slow):
    machine = await Machine.start(dut, number, stalls)
    program = []
    for passes in (1, 3, 2):
        program += [*(machine.random_pass() for _ in range(passes)), None]
    await machine.compute(program, delay=lambda: machine.rng.randrange(60) if slow else 1)
    assert machine.model.errors == 0


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_cycles(dut, number):
    """Where nothing is waited for, an end mark and a column without entries take a cycle, all
    else as many as there are operations."""
    machine = await Machine.start(dut, number)
    program = [machine.random_pass() for _ in range(5)]
    for each in program:
        each.descriptor["entry_base"] = 0
        each.ranges += [(0, 33), (20, 20), (5, 5), (1, 2)]
    await machine.compute([*program, None])
    cycles = sum(operations([*program, None])) + len(program)
    cycles += sum(start == stop for each in program for start, stop in each.ranges)
    first, last = machine.model.ops[0][0], machine.model.ops[-1][0]
    assert last - first + 1 == cycles
    assert machine.model.spent["starved"] == 0


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_turns(dut, number):
    """Every relation of rows to drain and rows to preload, the second of a pair after the first."""
    machine = await Machine.start(dut, number)
    rows = machine.config.file_depth
    base = machine.config.spmat_depth - 4
    pairs = [(0, 0), (0, 1), (1, 0), (1, 1), (rows, 0), (0, rows), (rows, rows)]
    pairs += [(rows, rows - 1), (rows - 1, rows), (1, rows), (rows, 1)]
    program = []
    for drain_rows, bias_rows in pairs:
        fields = {"spmat_base": base - (bias_rows + 1) // 2, "bias_rows": bias_rows}
        program.append(Pass(machine.descriptor(spmat_base=base, drain_rows=drain_rows), []))
        program.append(Pass(machine.descriptor(**fields), []))
    await machine.compute([*program, None])
    assert machine.model.errors == 0
    turns = [0]
    for _, op in machine.model.ops:
        if "last" in op:
            turns[-1] += 1
            turns += [0] * op["last"]
    assert turns[1:-2:2] == [max(1, *pair) for pair in pairs]


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_extreme_columns(dut, number):
    machine = await Machine.start(dut, number, stalls="light")
    depth = machine.config.spmat_depth
    program = []
    for base in (0, 1, 5, depth - 1):
        end = min(65535, 8 * (depth - base))
        start = max(0, end - 21)
        ranges = [(start, end), (end - 1, end), (end, end), (0, 1), (end - 1, end), (0, 8), (7, 8)]
        ranges += [(7, 8), (0, 0), (6, 7), (65535, 65535), (start, end), (start, end)]
        program.append(Pass(machine.descriptor(entry_base=base), ranges))
    await machine.compute([*program, None])
    assert machine.model.errors == 0


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_errors(dut, number):
    machine = await Machine.start(dut, number)
    depth, rows = machine.config.spmat_depth, machine.config.file_depth
    table = [
        # Base of the entries, ranges, errors.
        (0, [(1, 0), (3, 4), (65535, 0), (65535, 65534), (9, 8), (8, 8)], 4),
        (depth - 1, [(6, 10), (0, 8), (10, 6), (8, 9)], 4),
        (depth, [(0, 0), (65535, 65535), (0, 3)], 3),
        ((1 << 20) - 1, [(65530, 65535), (8, 10)], 7),
    ]
    program = [
        Pass(machine.descriptor(entry_base=base, drain_rows=rows, spmat_base=depth - 4), ranges)
        for base, ranges, _ in table
    ]
    await machine.compute([*program, None])
    assert machine.model.errors == sum(errors for *_, errors in table)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_turn_beyond_the_sram(dut, number):
    machine = await Machine.start(dut, number)
    base = machine.config.spmat_depth - 3
    program = [
        Pass(machine.descriptor(spmat_base=base), []),
        Pass(machine.descriptor(spmat_base=base, bias_rows=2), []),
        Pass(machine.descriptor(spmat_base=base + 3, bias_rows=1, drain_rows=2), []),
        Pass(machine.descriptor(spmat_base=(1 << 20) - 1, bias_rows=1), []),
        None,
    ]
    await machine.compute(program)
    assert machine.model.errors == 1 + 2 + 5 + 5


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_other_tickets_are_not_taken(dut, number):
    machine = await Machine.start(dut, number)
    each = machine.random_pass()
    each.descriptor.update(spmat_base=0, bias_rows=machine.config.file_depth)
    for first in range(6):
        for other in (first + 1, first + 2, first + 3):
            machine.slots.show(other, **each.descriptor)
            await machine.bench.step(4)
        assert machine.model.turned == first
        await machine.compute([each], first=first)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_io(dut, number):
    machine = await Machine.start(dut, number)
    depth, latency = machine.config.spmat_depth, machine.config.sram_latency
    rdata = getattr(dut, f"{machine.unit}__io__rdata")
    addresses = {0, depth - 1, *machine.rng.sample(range(depth), 6)}
    for address in addresses:
        await machine.access(en=1, addr=address)
        await machine.access()
        await machine.bench.step(latency - 1)
        assert int(rdata.value) == machine.words[address]
    # What the bus does to a word or to the SRAM's output counts from the next operation on.
    for step in range(0, 4, 2):
        last = Pass(machine.descriptor(entry_base=3), [(0, 1)])
        await machine.compute([last, None], first=2 * step)
        if step:
            await machine.access(en=1, addr=0)
        else:
            machine.words[3] ^= (1 << 64) - 1
            await machine.access(en=1, write=1, addr=3, wdata=machine.words[3])
        await machine.access()
        again = Pass(machine.descriptor(spmat_base=3, bias_rows=2), [(0, 8)])
        await machine.compute([again, None], first=2 * step + 2)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, after=[0, 2, 5, 8, 13, 33])
async def test_reset_in_mid_work(dut, number, after):
    machine = await Machine.start(dut, number)
    each = machine.random_pass()
    each.descriptor.update(spmat_base=0, bias_rows=machine.config.file_depth)
    each.ranges += [(0, 30), (3, 3), (2, 20)]
    work = cocotb.start_soon(machine.compute([each, each, None]))
    await machine.bench.until(lambda: machine.model.ops, 40, "operation")
    await machine.bench.step(after)
    work.cancel()
    machine.slots.clear()
    await machine.bench.reset(1 + after % 2)
    await machine.compute([machine.random_pass(), each, None, each, None])
