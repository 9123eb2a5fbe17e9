"""What sparse-matrix read of a wide PE does in each cycle, told as a program."""

from collections import defaultdict
from dataclasses import dataclass

from amaranth.lib import data

from hw.eie.tokens import pass_slot_layout
from hw.eie.wide.tokens import OpKind, span_layout, work_layout
from sim.payload import Codec
from tests.hw.eie.wide.spans import entry_lanes
from tests.hw.lockstep import Lockstep

__all__ = ["WideSpmatModel", "drain_starts", "load_starts"]

NOT_VALID = {"valid": 0}
VALID = {"valid": 1}


@dataclass(frozen=True)
class Now:
    """Inputs of one cycle."""

    slots: list
    span: dict | None
    go: int

    def shown(self, number):
        """The slot of a pass, if the pass is in it."""
        slot = self.slots[number % 2]
        return slot if slot["valid"] and slot["ticket"] == number % 4 else None


@dataclass(frozen=True)
class Does:
    """What one cycle is spent on: fields of the operation that matter, and the words it needs."""

    turning: int = 0
    starved: int = 0
    empty: int = 0
    busy: int = 0
    waiting: int = 0
    backwards: int = 0
    takes: int = 0
    op: dict | None = None
    needs: tuple = ()


def drain_starts(config, old):
    """First row of each operation that drains a pass, None being none."""
    rows = old["drain_rows"] if old else 0
    step = 1 if old and old["dst_sram"] else config.lanes
    return [*range(0, rows, step)] or [0]


def load_starts(config, new):
    """First row of each operation that preloads biases."""
    return [*range(0, new["bias_rows"], min(config.lanes, 4))]


def lanes_of(config, meant):
    """LOAD and DRAIN: which lanes are meant."""
    return [VALID if k in meant else NOT_VALID for k in range(config.lanes)]


def wide_sparse_matrix_read(config):
    """Generator: takes each cycle's inputs, gives what the unit does with them."""
    lanes, number, old = config.lanes, 0, None
    now = yield
    while True:
        while now.shown(number) is None:
            now = yield Does()
        while old and old["split"] and not now.go:
            now = yield Does(waiting=1)
        slot = now.shown(number)
        new = slot["descriptor"]
        starts = drain_starts(config, old)
        for start in starts:
            row = start - start % lanes
            wanted = range(start, start + 1) if old and old["dst_sram"] else range(row, row + lanes)
            meant = [each - row for each in wanted if old and each < old["drain_rows"]]
            op = {"kind": OpKind.DRAIN.value, "row": row, "last": start == starts[-1]}
            op |= {"slot": (number - 1) % 2, "split": old["split"] if old else 0}
            op |= {"lanes": lanes_of(config, meant)}
            waiting = int(bool(op["split"]) and start == 0)
            now = yield Does(turning=1, waiting=waiting, takes=bool(old) and start == 0, op=op)
        number += 1
        if slot["halt"]:
            old = None
            continue
        words = new["spmat_base"]
        starts = load_starts(config, new)
        for row in starts:
            rows = range(row, min(row + min(lanes, 4), new["bias_rows"]))
            op = {"kind": OpKind.LOAD.value, "row": row}
            op |= {"lanes": lanes_of(config, [each - row for each in rows])}
            now = yield Does(turning=1, op=op, needs=sorted({words + each // 2 for each in rows}))
        words += -(-new["bias_rows"] // 2)
        for half in range(2):
            op = {"kind": OpKind.CODEBOOK.value, "row": half}
            needs = (words + 2 * half, words + 2 * half + 1)
            now = yield Does(turning=1, op=op, needs=needs)
        old = new
        while now.span is None or not now.span["end"]:
            if now.span is None:
                now = yield Does(starved=1)
                continue
            start, stop = now.span["start"], now.span["stop"]
            if stop <= start:
                now = yield Does(empty=1, takes=1, backwards=stop < start)
                continue
            entries = entry_lanes(now.span)
            for done in range(0, len(entries), lanes):
                part = entries[done : done + lanes]
                op = {"kind": OpKind.ENTRY.value, "shift": (start + done) % 8}
                op |= {"lanes": [VALID | lane for lane in part]}
                op["lanes"] += [NOT_VALID] * (lanes - len(part))
                places = {(start + done + k) // 8 for k in range(len(part))}
                needs = [old["entry_base"] + place for place in sorted(places)]
                takes = done + lanes >= len(entries)
                now = yield Does(busy=1, takes=takes, op=op, needs=needs)


def matches(got, expected):
    """Whether a decoded payload has the fields that matter."""
    if isinstance(expected, dict):
        return all(matches(got[name], value) for name, value in expected.items())
    if isinstance(expected, list):
        return all(map(matches, got, expected))
    return got == expected


class WideSpmatModel(Lockstep):
    """
    Keeps step with a unit whose SRAM holds ``words``. ``ops`` are the operations that have come
    out, each with the cycle; ``turned`` counts the drains among them, ``errors`` the error pulses,
    ``spent`` the cycles by what they were spent on, ``reads`` the accesses of the banks.
    """

    def __init__(self, bench, unit, config, words):
        self.config = config
        self.words = words
        self._slots = Codec(data.ArrayLayout(pass_slot_layout(config), 2))
        self._spans = Codec(span_layout(config))
        self._work = Codec(work_layout(config))
        self._decoded = {}
        pair = getattr(bench.dut, unit).pair
        self._banks = (pair.even, pair.odd)
        super().__init__(bench, unit)

    def forget(self):
        self._does = wide_sparse_matrix_read(self.config)
        next(self._does)
        self._leaving = {}
        self._held = [None, None]
        self._fault = 0
        self.ops = []
        self.turned = 0
        self.errors = 0
        self.reads = 0
        self.spent = defaultdict(int)

    def check(self):
        does = self._does.send(self._inputs())
        for name in ("turning", "starved", "empty", "busy", "waiting"):
            self.expect(name, getattr(does, name))
            self.spent[name] += getattr(does, name)
        if self.pin("i__valid"):
            self.expect("i__ready", does.takes)
        self.expect("error", self._fault)
        self.errors += self._fault
        depth = self.config.spmat_depth
        self._fault = int(does.backwards or any(place >= depth for place in does.needs))
        self._check_access(does)
        if does.op is not None:
            words = [self.words[place] if place < depth else None for place in does.needs]
            self._leaving[self.bench.cycle + self.config.sram_latency] = does.op, words
        self._check_output()

    def _inputs(self):
        bits = self.pin("slots")
        if bits not in self._decoded:
            self._decoded[bits] = self._slots.decode(bits)
        valid = self.pin("i__valid")
        span = self._spans.decode(self.pin("i__payload")) if valid else None
        return Now(self._decoded[bits], span, self.pin("go"))

    def _check_access(self, does):
        accessed = [False, False]
        for place in does.needs:
            accessed[place % 2] = self._held[place % 2] != place
            self._held[place % 2] = place
        if self.pin("io__en"):
            bank = self.pin("io__addr") % 2
            accessed[bank], self._held[bank] = True, None
        self.reads += sum(accessed)
        got = [bool(int(bank.port__en.value)) for bank in self._banks]
        assert got == accessed, (self.unit, self.bench.cycle, does, got)

    def _check_output(self):
        cycle = self.bench.cycle
        op, words = self._leaving.pop(cycle, (None, None))
        self.expect("o__valid", op is not None)
        if op is None:
            return
        work = self._work.decode(self.pin("o__payload"))
        assert matches(work["op"], op), f"{self.unit}: {work['op']}, not {op}, in cycle {cycle}"
        for k, word in enumerate(words):
            right = word is None or work["words"][k] == word
            assert right, f"{self.unit}: word {k} of {op} in cycle {cycle}"
        self.ops.append((cycle, op))
        self.turned += op.get("last", 0)
