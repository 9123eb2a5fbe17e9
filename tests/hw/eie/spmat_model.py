"""What sparse-matrix read does in each cycle, told as a program."""

from collections import defaultdict
from dataclasses import dataclass

from amaranth.lib import data

from hw.eie.tokens import OpKind, pass_slot_layout, range_layout, work_layout
from sim.payload import Codec
from tests.hw.lockstep import Lockstep

__all__ = ["SpmatModel", "turn_rows"]


@dataclass(frozen=True)
class Now:
    """Inputs of one cycle."""

    slots: list
    column: dict | None

    def shown(self, number):
        """The slot of a pass, if the pass is in it."""
        slot = self.slots[number % 2]
        return slot if slot["valid"] and slot["ticket"] == number % 4 else None


@dataclass(frozen=True)
class Does:
    """What one cycle is spent on: fields of the operation that matter, word that it needs."""

    turning: int = 0
    starved: int = 0
    empty: int = 0
    backwards: int = 0
    takes: int = 0
    op: dict | None = None
    address: int | None = None


def turn_rows(old, new):
    """Rows of the turn between two descriptors; None before the first pass of an inference."""
    return max(old["drain_rows"] if old else 0, new["bias_rows"], 1)


def sparse_matrix_read():
    """Generator: takes each cycle's inputs, gives what the unit does with them."""
    number, old = 0, None
    now = yield
    while True:
        while now.shown(number) is None:
            now = yield Does()
        slot = now.shown(number)
        new = slot["descriptor"]
        drains = old["drain_rows"] if old else 0
        rows = turn_rows(old, new)
        for row in range(rows):
            op = {"kind": OpKind.TURN.value, "row": row, "last": row == rows - 1}
            op |= {"load": row < new["bias_rows"], "drain": row < drains}
            op |= {"part": row % 2} if op["load"] else {}
            op |= {"slot": (number - 1) % 2} if op["drain"] else {}
            address = new["spmat_base"] + row // 2 if op["load"] else None
            now = yield Does(turning=1, op=op, address=address)
        number += 1
        if slot["halt"]:
            old = None
            continue
        codebook = new["spmat_base"] + -(-new["bias_rows"] // 2)
        for quarter in range(4):
            op = {"kind": OpKind.CODEBOOK.value, "part": quarter}
            now = yield Does(turning=1, op=op, address=codebook + quarter)
        old = new
        while now.column is None or not now.column["end"]:
            if now.column is None:
                now = yield Does(starved=1)
                continue
            start, stop = now.column["start"], now.column["stop"]
            if stop <= start:
                now = yield Does(empty=1, takes=1, backwards=stop < start)
                continue
            for entry in range(start, stop):
                op = {"kind": OpKind.ENTRY.value, "part": entry % 8, "first": entry == start}
                op |= {"value": now.column["value"]}
                address = new["entry_base"] + entry // 8
                now = yield Does(takes=entry == stop - 1, op=op, address=address)
        now = yield Does(takes=1)


class SpmatModel(Lockstep):
    """
    Keeps step with a unit whose SRAM holds ``words``. ``ops`` are the operations that have come
    out, each with the cycle; ``turned`` counts the turns among them, ``errors`` the error pulses,
    ``spent`` the cycles by what they were spent on.
    """

    def __init__(self, bench, unit, config, words):
        self.config = config
        self.words = words
        self._slots = Codec(data.ArrayLayout(pass_slot_layout(config), 2))
        self._columns = Codec(range_layout(config))
        self._work = Codec(work_layout(config))
        self._decoded = {}
        self._sram = getattr(bench.dut, unit).sram
        super().__init__(bench, unit)

    def forget(self):
        self._does = sparse_matrix_read()
        next(self._does)
        self._leaving = {}
        self._read_last = None
        self._fault = 0
        self.ops = []
        self.turned = 0
        self.errors = 0
        self.spent = defaultdict(int)

    def check(self):
        does = self._does.send(self._inputs())
        for name in ("turning", "starved", "empty"):
            self.expect(name, getattr(does, name))
            self.spent[name] += getattr(does, name)
        if self.pin("i__valid"):
            self.expect("i__ready", does.takes)
        self.expect("error", self._fault)
        self.errors += self._fault
        beyond = does.address is not None and does.address >= self.config.spmat_depth
        self._fault = int(does.backwards or beyond)
        self._check_access(does)
        if does.op is not None:
            word = None if does.address is None or beyond else self.words[does.address]
            self._leaving[self.bench.cycle + self.config.sram_latency] = does.op, word
        self._check_output()

    def _inputs(self):
        bits = self.pin("slots")
        if bits not in self._decoded:
            self._decoded[bits] = self._slots.decode(bits)
        valid = self.pin("i__valid")
        column = self._columns.decode(self.pin("i__payload")) if valid else None
        return Now(self._decoded[bits], column)

    def _check_access(self, does):
        reads = does.address is not None and does.address != self._read_last
        if reads:
            self._read_last = does.address
        if self.pin("io__en"):
            self._read_last = None
        accesses = int(self._sram.port__en.value)
        assert accesses == (reads or self.pin("io__en")), (self.unit, self.bench.cycle, does)

    def _check_output(self):
        cycle = self.bench.cycle
        op, word = self._leaving.pop(cycle, (None, None))
        self.expect("o__valid", op is not None)
        if op is None:
            return
        work = self._work.decode(self.pin("o__payload"))
        got = {name: work["op"][name] for name in op}
        assert got == op, f"{self.unit}: {got}, not {op}, in cycle {cycle}"
        if word is not None:
            assert work["word"] == word, f"{self.unit}: word of {op} in cycle {cycle}"
        self.ops.append((cycle, op))
        self.turned += op.get("last", 0)
