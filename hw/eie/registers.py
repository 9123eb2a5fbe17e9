"""The host's registers: control, status, errors and performance counters."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..bus.axi import DATA_BITS, AxiLite, AxiLiteTarget, strobe_mask
from ..bus.layout import FRAME_MAGIC
from .config import EieConfig
from .flags import ERROR_FLAGS, STATUS_FLAGS
from .format import Control, Counter, Error, IoTarget, Register
from .iobus import IoRead
from .readout import READ_ADDRESS

__all__ = ["ADDRESS_BITS", "WATCHDOG_DEFAULT", "Registers"]

ADDRESS_BITS = 12
"""Bits of a byte address: the registers have a page of 4 KiB."""

WATCHDOG_DEFAULT = 1_000_000
"""Cycles that an inference may take unless the host says otherwise."""


class Registers(wiring.Component):
    """
    The registers of :class:`hw.eie.format.Register` on AXI4-Lite.

    Answered SLVERR, without effect: addresses without a register, writes to a read-only register,
    reads of CONTROL, a write that would make WATCHDOG zero or QUEUE_LIMIT something else than 1 to
    ``queue_depth``, reads of COUNTER_DATA while COUNTER_SELECT names no counter, reads of
    PASS_CYCLES while PASS_SELECT names no pass of the loaded network or an inference is running.
    In a lean array there are no registers COUNTER, PASS and READ, and READ_BACK is always refused.
    The low two bits of an address have no effect. A write leaves the bytes alone whose strobe is
    low. Bits beyond a register's fields read as zero.

    START is carried out if a program and its activations are there and nothing else is going on;
    READ_BACK if nothing else is going on. Otherwise they set REFUSED, as they do when written
    along with ABORT; READ_BACK does so along with START. ABORT is always carried out.

    DONE is set when an inference has finished, and stays until the next one starts. An inference
    that the watchdog stops sets WATCHDOG instead, one that ABORT stops neither. ``irq`` is high
    while DONE or the WATCHDOG error is set, so that it falls with START, or for the latter when
    the host clears the error.

    An access is carried out in its first cycle, with these exceptions: COUNTER_DATA takes
    ``io_read_latency`` + 1 cycles more and PASS_CYCLES ``sram_latency``, whatever else is going
    on. So an access never waits for the rest of the machine. ``start``, ``abort`` and
    ``read_back`` depend on ``loaded``, ``inputs``, ``computing``, ``reading`` and ``loading``
    combinationally.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    bus : ``In(AxiLite(ADDRESS_BITS))``
    irq : ``Out(1)``
    loaded, inputs, computing, reading, loading : ``In(1)``
        For STATUS, and what START and READ_BACK depend on.
    start, abort, read_back : ``Out(1)``
        High for one cycle.
    done : ``In(1)``
        An inference has finished.
    errors : ``In(ERROR_FLAGS)``
        Set their bits in ERROR, even while the host clears them.
    watchdog : ``Out(32)``
    cycles : ``In(32)``
    passes : ``In(16)``
        Passes of the loaded network.
    pass_select : ``Out(16)``
    pass_cycles : ``In(32)``
        Follows ``pass_select`` by ``sram_latency`` cycles, unless ``computing``.
    place : ``Out(READ_ADDRESS)``
    length : ``Out(32)``
        What to read back.
    claim : ``Out(1)``
        In the next cycle there is a read on ``io``: others must keep off the I/O bus.
    io : ``Out(IoRead())``
        Reads of performance counters, whether ``computing`` or not.
    queue_limit : ``Out(range(queue_depth + 1))``
        Only where the configuration has it. ``queue_depth`` at first.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        members = {
            "bus": In(AxiLite(ADDRESS_BITS)),
            "irq": Out(1),
            "loaded": In(1),
            "inputs": In(1),
            "computing": In(1),
            "reading": In(1),
            "loading": In(1),
            "start": Out(1),
            "abort": Out(1),
            "read_back": Out(1),
            "done": In(1),
            "errors": In(ERROR_FLAGS),
            "watchdog": Out(DATA_BITS, init=WATCHDOG_DEFAULT),
            "cycles": In(DATA_BITS),
            "passes": In(16),
            "pass_select": Out(16),
            "pass_cycles": In(DATA_BITS),
            "place": Out(READ_ADDRESS),
            "length": Out(DATA_BITS),
            "claim": Out(1),
            "io": Out(IoRead()),
        }
        if config.queue_limit:
            depth = config.queue_depth
            members["queue_limit"] = Out(range(depth + 1), init=depth)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        m.submodules.target = target = AxiLiteTarget(ADDRESS_BITS)
        wiring.connect(m, wiring.flipped(self.bus), target.bus)
        access = target.access

        status, done = Signal(STATUS_FLAGS), Signal()
        error, error_clear = Signal(ERROR_FLAGS), Signal(ERROR_FLAGS)
        counter, counter_pe = Signal(8), Signal(8)
        m.d.comb += [
            status.loaded.eq(self.loaded),
            status.inputs.eq(self.inputs),
            status.busy.eq(self.computing),
            status.done.eq(done),
            status.reading.eq(self.reading),
            status.loading.eq(self.loading),
            self.irq.eq(done | error.watchdog),
            self.io.target.eq(IoTarget.COUNTERS),
            self.io.pe.eq(counter_pe),
            self.io.address.eq(counter),
        ]
        with m.If(self.done):
            m.d.sync += done.eq(1)
        with m.If(self.start):
            m.d.sync += done.eq(0)

        mask = Signal(DATA_BITS)
        elapsed = Signal(range(self.config.io_read_latency + 2))
        m.d.comb += mask.eq(strobe_mask(access))
        m.d.sync += elapsed.eq(Mux(access.valid & ~access.done, elapsed + 1, 0))

        def answer(value, after=0):
            m.d.comb += [access.value.eq(value), access.error.eq(0)]
            m.d.comb += access.done.eq(elapsed == after)

        def keep(field, value):
            m.d.comb += access.error.eq(0)
            m.d.sync += field.eq(value)

        def merged(field):
            return (access.data & mask) | (field & ~mask)

        m.d.comb += [access.done.eq(1), access.error.eq(1)]
        word = access.address[2:]
        with m.If(access.valid & access.write):
            with m.Switch(word):
                with m.Case(Register.CONTROL >> 2):
                    m.d.comb += access.error.eq(0)
                    refused = self._control(m, access.data & mask)
                with m.Case(Register.ERROR >> 2):
                    m.d.comb += [access.error.eq(0), error_clear.eq(access.data & mask)]
                with m.Case(Register.WATCHDOG >> 2):
                    with m.If(merged(self.watchdog) != 0):
                        keep(self.watchdog, merged(self.watchdog))
                for register, field in self._kept(counter, counter_pe).items():
                    with m.Case(register >> 2):
                        keep(field, merged(field))
                if self.config.queue_limit:
                    with m.Case(Register.QUEUE_LIMIT >> 2):
                        limit = merged(self.queue_limit)
                        with m.If((limit != 0) & (limit <= self.config.queue_depth)):
                            keep(self.queue_limit, limit)
        with m.Elif(access.valid):
            with m.Switch(word):
                registers = {
                    Register.ID: FRAME_MAGIC,
                    Register.CONFIG: self.config.n_pe | self.config.file_depth << 16,
                    Register.STATUS: status.as_value(),
                    Register.ERROR: error.as_value(),
                    Register.WATCHDOG: self.watchdog,
                    Register.CYCLES: self.cycles,
                    **self._kept(counter, counter_pe),
                }
                if self.config.queue_limit:
                    registers[Register.QUEUE_LIMIT] = self.queue_limit
                for register, value in registers.items():
                    with m.Case(register >> 2):
                        answer(value)
                if not self.config.lean:
                    with m.Case(Register.COUNTER_DATA >> 2):
                        with m.If(self._is_counter(counter, counter_pe)):
                            m.d.comb += [
                                self.claim.eq(elapsed == 0),
                                self.io.valid.eq(elapsed == 1),
                            ]
                            answer(self.io.data[:DATA_BITS], after=self.config.io_read_latency + 1)
                    with m.Case(Register.PASS_CYCLES >> 2):
                        with m.If((self.pass_select < self.passes) & ~self.computing):
                            answer(self.pass_cycles, after=self.config.sram_latency)

        m.d.sync += error.eq(
            (error.as_value() & ~error_clear.as_value())
            | self.errors.as_value()
            | Mux(refused, Error.REFUSED, 0)
        )
        return m

    def _kept(self, counter, pe):
        """Registers that say what to read, which a lean array has no use for."""
        if self.config.lean:
            return {}
        return {
            Register.COUNTER_SELECT: Cat(counter, pe),
            Register.PASS_SELECT: self.pass_select,
            Register.READ_ADDRESS: self.place.as_value(),
            Register.READ_LENGTH: self.length,
        }

    def _is_counter(self, counter, pe):
        known = (counter < len(Counter)) & (pe < self.config.n_pe)
        return known if self.config.counters else Const(0)

    def _control(self, m, bits):
        """Acts on a write to CONTROL; returns whether any of it is refused."""
        wanted = {flag: (bits & flag).any() for flag in Control}
        refused = Signal()
        idle = ~(self.computing | self.reading | self.loading | wanted[Control.ABORT])
        m.d.comb += [
            self.abort.eq(wanted[Control.ABORT]),
            self.start.eq(wanted[Control.START] & idle & self.loaded & self.inputs),
            self.read_back.eq(
                Const(0)
                if self.config.lean
                else wanted[Control.READ_BACK] & idle & ~wanted[Control.START]
            ),
            refused.eq(
                (wanted[Control.START] & ~self.start)
                | (wanted[Control.READ_BACK] & ~self.read_back)
            ),
        ]
        return refused
