"""cocotb tests of a wide PE's sparse-matrix read, in step with a model; from test_spmat.py."""

import cocotb

from tests.hw.eie.wide.spmat_machine import NUMBERS, WideMachine, WidePass


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, stalls=["never", "bursty"], slow=[False, True])
async def test_inferences(dut, number, stalls, slow):
    machine = await WideMachine.start(dut, number, stalls)
    program = []
    for passes in (1, 3, 2, 4):
        program += [*(machine.random_pass() for _ in range(passes)), None]
    machine.patience = 9 if slow else 0
    await machine.compute(program, delay=lambda: machine.rng.randrange(60) if slow else 1)
    assert machine.model.errors == 0


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_cycles(dut, number):
    """Where nothing is waited for, a group without entries takes a cycle, the end mark none, and
    all else as many as there are operations."""
    machine = await WideMachine.start(dut, number)
    program = [machine.random_pass() for _ in range(6)]
    for each in program:
        each.descriptor |= {"entry_base": 0, "split": 0}
        each.ranges += [machine.single(0, 33), machine.single(20, 20), machine.single(1, 2)]
        each.ranges += [machine.group(9, []), machine.group(9, [17]), machine.group(3, [4])]
        # Work that is longer than it takes to show the next pass.
        each.ranges += [machine.single(0, 60)] * 2
    await machine.compute([*program, None])
    cycles = sum(machine.operations([*program, None]))
    cycles += sum(span["start"] == span["stop"] for each in program for span in each.ranges)
    first, last = machine.model.ops[0][0], machine.model.ops[-1][0]
    assert last - first + 1 == cycles
    spent = machine.model.spent
    assert spent["starved"] == spent["waiting"] == 0
    assert spent["turning"] + spent["busy"] + spent["empty"] == cycles


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_split_pass_waits(dut, number):
    """Only a split pass waits, for ``go``, before its first row and before none after it."""
    machine = await WideMachine.start(dut, number)
    base = machine.config.spmat_depth - 4
    for patience in (0, 1, 7):
        machine.patience = patience
        program = []
        for drain_rows in (0, 1, machine.config.file_depth):
            for split in (1, 0):
                fields = {"drain_rows": drain_rows, "split": split, "dst_sram": 1}
                descriptor = machine.descriptor(spmat_base=base, **fields)
                program.append(WidePass(descriptor, [machine.single(0, 3)]))
        before = machine.model.spent["waiting"]
        turned = machine.model.turned
        await machine.compute([*program, None], first=turned)
        assert machine.model.spent["waiting"] - before == 3 * (patience + 2)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_no_go(dut, number):
    """Without ``go`` a split pass never drains, and the end mark is not taken; with it, all goes
    on."""
    machine = await WideMachine.start(dut, number)
    machine.patience = 1000
    rows = machine.config.file_depth
    each = WidePass(machine.descriptor(split=1, dst_sram=1, drain_rows=rows), [])
    work = cocotb.start_soon(machine.compute([each, None]))
    await machine.bench.step(100)
    assert machine.model.turned == 1 and machine.model.pin("waiting") and not machine.source.idle
    machine.patience = 0
    await work


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_turns(dut, number):
    """Rows to drain to either destination and rows to preload, each many, few or none, the second
    of a pair after the first."""
    machine = await WideMachine.start(dut, number)
    rows, lanes = machine.config.file_depth, machine.config.lanes
    base = machine.config.spmat_depth - 4
    counts = sorted({0, 1, 2, 3, lanes - 1, lanes, lanes + 1, rows - 1, rows} & {*range(rows + 1)})
    program, drains = [], []
    for drain_rows in counts:
        for bias_rows in counts:
            if drain_rows not in (0, rows) and bias_rows not in (0, 1, rows):
                continue
            for dst_sram in (0, 1):
                drain = {"drain_rows": drain_rows, "dst_sram": dst_sram}
                bias = {"spmat_base": base - (bias_rows + 1) // 2, "bias_rows": bias_rows}
                program.append(WidePass(machine.descriptor(spmat_base=base, **drain), []))
                program.append(WidePass(machine.descriptor(**bias), []))
                drains.append(max(1, drain_rows if dst_sram else -(-drain_rows // lanes)))
    await machine.compute([*program, None])
    assert machine.model.errors == 0
    found = [0]
    for _, op in machine.model.ops:
        if "last" in op:
            found[-1] += 1
            found += [0] * op["last"]
    assert found[1:-2:2] == drains


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_extreme_spans(dut, number):
    machine = await WideMachine.start(dut, number, stalls="light")
    depth, columns = machine.config.spmat_depth, machine.config.group_max
    program = []
    for base in (0, 1, 5, depth - 1):
        end = min(65535, 8 * (depth - base))
        start = max(0, end - 21)
        limits = [(start, end), (end - 1, end), (end, end), (0, 1), (end - 1, end), (0, 8), (7, 8)]
        limits += [(7, 8), (0, 0), (6, 7), (65535, 65535), (start, end), (start, end)]
        limits += [(max(0, end - 8 - k), end - k) for k in range(8)]
        spans = [machine.single(*each) for each in limits]
        most = min(127, end)
        spans.append(machine.group(end - most, [most]))
        spans.append(machine.group(end - most, [*[0] * (columns - 1), most]))
        spans.append(machine.group(end - min(columns, most), [1] * min(columns, most)))
        spans.append(machine.group(65535, []))
        program.append(WidePass(machine.descriptor(entry_base=base), spans))
    await machine.compute([*program, None])
    assert machine.model.errors == 0


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_every_start_and_length(dut, number):
    """Entries from any byte of a word on, across words, and never a word more than they are in."""
    machine = await WideMachine.start(dut, number)
    lanes = machine.config.lanes
    spans = [
        machine.single(start, start + length)
        for start in range(16)
        for length in (1, lanes - 1, lanes, lanes + 1, 2 * lanes, 17)
    ]
    await machine.compute([WidePass(machine.descriptor(), spans), None])
    before = machine.model.reads
    again = WidePass(machine.descriptor(), [machine.single(0, 8 * 8)])
    await machine.compute([again, None], first=2)
    assert machine.model.reads - before <= 8 + 4  # each word once, and the codebook


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_errors(dut, number):
    machine = await WideMachine.start(dut, number)
    depth, rows, lanes = (
        machine.config.spmat_depth,
        machine.config.file_depth,
        machine.config.lanes,
    )
    table = [
        # Base of the entries, ranges, errors.
        (0, [(1, 0), (3, 4), (65535, 0), (65535, 65534), (9, 8), (8, 8)], 4),
        (depth - 1, [(8 - lanes, 8), (9 - lanes, 9), (6, 8), (0, 8), (10, 6), (8, 9)], 3),
        (depth, [(0, 0), (65535, 65535), (0, lanes), (0, 1)], 2),
        ((1 << 20) - 1, [(65534, 65535), (8, 8 + 2 * lanes)], 3),
    ]
    program = [
        WidePass(
            machine.descriptor(entry_base=base, drain_rows=rows, spmat_base=depth - 4),
            [machine.single(*each) for each in ranges],
        )
        for base, ranges, _ in table
    ]
    await machine.compute([*program, None])
    assert machine.model.errors == sum(errors for *_, errors in table)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_turn_beyond_the_sram(dut, number):
    """One error for each operation that needs a word beyond the end."""
    machine = await WideMachine.start(dut, number)
    depth = machine.config.spmat_depth
    program = [
        WidePass(machine.descriptor(spmat_base=depth - 3), []),  # the last quarter
        WidePass(machine.descriptor(spmat_base=depth - 4, bias_rows=2), []),  # the same
        WidePass(machine.descriptor(spmat_base=depth - 1, bias_rows=1, drain_rows=2), []),
        WidePass(machine.descriptor(spmat_base=depth, bias_rows=2), []),
        WidePass(machine.descriptor(spmat_base=(1 << 20) - 1, bias_rows=1), []),
        None,
    ]
    await machine.compute(program)
    assert machine.model.errors == 1 + 1 + 2 + 3 + 3


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_other_tickets_are_not_taken(dut, number):
    machine = await WideMachine.start(dut, number)
    each = machine.random_pass()
    each.descriptor |= {"spmat_base": 0, "bias_rows": min(7, machine.config.file_depth)}
    first = 0
    for passes in (1, 2, 1, 2):
        for other in (first + 1, first + 2, first + 3):
            machine.slots.show(other, **each.descriptor)
            await machine.bench.step(4)
        assert machine.model.turned == first
        await machine.compute([*[each] * passes, None], first=first)
        first += passes + 1


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_io(dut, number):
    machine = await WideMachine.start(dut, number)
    depth, latency = machine.config.spmat_depth, machine.config.sram_latency
    addresses = {0, 1, depth - 2, depth - 1, *machine.rng.sample(range(depth), 6)}
    for address in addresses:
        await machine.access(en=1, addr=address)
        await machine.access()
        await machine.bench.step(latency - 1)
        assert machine.model.pin("io__rdata") == machine.words[address]
    # What the bus does to a word or to a bank's output counts from the next operation on.
    number = 0
    for place in (2, 3):
        for write in (0, 1):
            last = WidePass(machine.descriptor(entry_base=2), [machine.single(0, 16)])
            await machine.compute([last, None], first=number)
            if write:
                machine.words[place] ^= (1 << 64) - 1
                wdata = machine.words[place]
                await machine.access(en=1, write=1, addr=place, wdata=wdata)
            else:
                await machine.access(en=1, addr=place ^ 2)
            await machine.access()
            again = WidePass(machine.descriptor(spmat_base=2, bias_rows=2), [machine.single(0, 8)])
            await machine.compute([again, None], first=number + 2)
            number += 4


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, after=[0, 1, 2, 5, 8, 13, 33])
async def test_reset_in_mid_work(dut, number, after):
    machine = await WideMachine.start(dut, number)
    machine.patience = 4
    rows = machine.config.file_depth
    each = machine.random_pass()
    each.descriptor |= {"spmat_base": 0, "bias_rows": min(7, rows), "drain_rows": rows}
    each.descriptor |= {"split": 1, "dst_sram": 1, "entry_base": 0}
    each.ranges += [machine.single(0, 30), machine.single(3, 3), machine.group(2, [18])]
    work = cocotb.start_soon(machine.compute([each, each, None]))
    await machine.bench.until(lambda: machine.model.ops, 40, "operation")
    await machine.bench.step(after)
    work.cancel()
    machine.slots.clear()
    await machine.bench.reset(1 + after % 2)
    await machine.compute([machine.random_pass(), each, None, each, None])
