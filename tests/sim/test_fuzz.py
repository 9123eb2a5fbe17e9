"""Corrupted programs, corrupted activations and random register accesses: the machine notices,
refuses to start, never hangs, and works as before with the next good program."""

from dataclasses import replace

import numpy as np
import pytest

from hw.eie.config import PRESETS
from hw.eie.format import Control, Error, Register, SectionKind, Status
from sim.engine import EieEngine
from sim.top import HarnessError, Result
from sw.compress.frame import activation_frame, program_frame, program_sections
from sw.compress.layout import build_program
from sw.compress.random import random_inputs, random_quantised
from sw.frame import sections_to_words
from sw.golden.eie import GoldenEie

CONFIG = PRESETS["tiny"]
WATCHDOG = 20_000
LIMIT = 60_000


class Machine:
    """An engine with a good program at hand, and the ways in which a host sees it fail."""

    def __init__(self):
        self.engine = EieEngine(CONFIG, limit=LIMIT)
        rng = np.random.default_rng(5)
        network = random_quantised(rng, [20, 30, 12, 3], 0.4)
        self.program = build_program(network, CONFIG)
        self.frame = program_frame(self.program)
        self.inputs = random_inputs(rng, network, 2)
        self.expected = GoldenEie(network)(self.inputs).numpy()
        self.engine.watchdog = WATCHDOG

    def send(self, words):
        """Send a frame and wait until it is in or refused; the error bits that it set."""
        self.engine.clear_errors()
        self.engine.send(words)
        self.settle(Status.LOADING)
        return self.engine.errors

    def settle(self, busy):
        for _ in range(LIMIT // 8):
            if not self.engine.status & busy:
                self.engine.step(8)
                if not self.engine.status & busy:
                    return
        raise AssertionError(f"still {self.engine.status!r} after {LIMIT} cycles")

    def drain(self):
        """Take what is on its way out, after an abort."""
        self.engine.write_register(Register.CONTROL, Control.ABORT)
        while self.engine.status & Status.READING:
            self.engine.receive(1 << 16)

    def start_is_refused(self):
        self.engine.clear_errors()
        self.engine.write_register(Register.CONTROL, Control.START)
        return bool(self.engine.errors & Error.REFUSED) and not self.engine.status & Status.BUSY

    def works(self):
        self.engine.load(self.frame)
        run = self.engine.infer_batch(self.inputs)
        np.testing.assert_array_equal(run.outputs, self.expected)


@pytest.fixture(scope="module")
def machine():
    machine = Machine()
    with machine.engine:
        yield machine


def flip_bit(words, rng):
    words[rng.integers(len(words))] ^= np.uint64(1) << np.uint64(rng.integers(64))
    return words


def replace_byte(words, rng):
    data = words.view(np.uint8)
    data[rng.integers(len(data))] ^= np.uint8(rng.integers(1, 256))
    return words


def drop_word(words, rng):
    return np.delete(words, rng.integers(len(words)))


def add_word(words, rng):
    return np.insert(words, rng.integers(len(words) + 1), rng.integers(1 << 63, dtype=np.uint64))


def cut(words, rng):
    return words[: rng.integers(1, len(words))]


def swap_words(words, rng):
    first, second = rng.choice(np.unique(words, return_index=True)[1], 2, replace=False)
    words[[first, second]] = words[[second, first]]
    return words


def noise(words, rng):
    return rng.integers(1 << 63, size=rng.integers(1, 60), dtype=np.uint64)


CORRUPTIONS = [flip_bit, replace_byte, drop_word, add_word, cut, swap_words, noise]


@pytest.mark.rtl
@pytest.mark.parametrize("corrupt", CORRUPTIONS)
def test_corrupted_program(machine, corrupt):
    rng = np.random.default_rng(len(corrupt.__name__))
    for _ in range(40):
        errors = machine.send(corrupt(machine.frame.copy(), rng))
        assert errors & (Error.CRC | Error.FORMAT | Error.RANGE | Error.CONFIG)
        assert not machine.engine.status & Status.LOADED
        machine.send(activation_frame(machine.inputs[0]))
        assert machine.start_is_refused()
    machine.works()


@pytest.mark.rtl
@pytest.mark.parametrize("corrupt", CORRUPTIONS)
def test_corrupted_activations(machine, corrupt):
    rng = np.random.default_rng(len(corrupt.__name__))
    machine.works()
    for _ in range(20):
        errors = machine.send(corrupt(activation_frame(machine.inputs[0]), rng))
        assert errors & (Error.CRC | Error.FORMAT | Error.RANGE | Error.CONFIG)
        assert not machine.engine.status & Status.INPUTS
        assert machine.start_is_refused()
    machine.works()


@pytest.mark.rtl
@pytest.mark.parametrize("kind", SectionKind)
def test_wrong_contents_with_right_crc(machine, kind):
    """Random payloads and headers that pass every CRC: refused, or run to an end in time."""
    rng = np.random.default_rng(kind)
    ends = set()
    for _ in range(30):
        sections = program_sections(machine.program)
        chosen = [k for k, section in enumerate(sections) if section.kind == kind]
        k = int(rng.choice(chosen)) if chosen else int(rng.integers(len(sections)))
        payload = sections[k].payload.copy()
        if rng.integers(4) == 0:
            sections[k] = replace(sections[k], address=int(rng.integers(1 << 24)))
        elif chosen and len(payload):
            word = rng.integers(len(payload))
            payload[word] ^= np.uint64(1) << np.uint64(rng.integers(64))
            sections[k] = replace(sections[k], payload=payload)
        else:
            sections[k] = replace(sections[k], kind=kind)
        errors = machine.send(sections_to_words(sections))
        machine.settle(Status.LOADING)
        if not machine.engine.status & Status.LOADED:
            errors |= machine.engine.errors
            assert errors, "refused without a reason"
            ends.add("refused")
            continue
        errors = machine.send(activation_frame(machine.inputs[0]))
        if not machine.engine.status & Status.INPUTS:
            assert errors
            continue
        machine.engine.write_register(Register.CONTROL, Control.START)
        machine.settle(Status.BUSY)
        machine.drain()
        ends.add("stopped" if machine.engine.errors & Error.WATCHDOG else "ran")
    assert ends
    machine.works()


@pytest.mark.rtl
@pytest.mark.parametrize("seed", range(4))
def test_random_register_accesses(machine, seed):
    rng = np.random.default_rng(seed)
    machine.works()
    for _ in range(100):
        address = int(rng.integers(0x1000) if rng.integers(4) == 0 else rng.choice(list(Register)))
        value = int(rng.integers(1 << 32) >> rng.integers(32))
        try:
            if rng.integers(3):
                machine.engine.write_register(address, value)
            else:
                machine.engine.read_register(address)
        except HarnessError as error:
            assert error.code == Result.BUS
    machine.drain()
    machine.settle(Status.BUSY | Status.READING | Status.LOADING)
    machine.engine.watchdog = WATCHDOG
    machine.works()


@pytest.mark.rtl
def test_watchdog_stops_an_inference(machine):
    machine.works()
    machine.engine.watchdog = 30
    assert not machine.send(activation_frame(machine.inputs[0]))
    machine.engine.write_register(Register.CONTROL, Control.START)
    machine.settle(Status.BUSY)
    assert machine.engine.errors == Error.WATCHDOG
    assert not machine.engine.status & (Status.DONE | Status.READING)
    assert machine.engine.read_register(Register.CYCLES) <= 30
    machine.engine.watchdog = WATCHDOG
    machine.works()


@pytest.mark.rtl
@pytest.mark.parametrize("after", [0, 1, 5, 20, 60])
def test_abort_and_reset_in_mid_work(machine, after):
    machine.works()
    for stop in ("abort", "reset"):
        assert not machine.send(activation_frame(machine.inputs[0]))
        machine.engine.write_register(Register.CONTROL, Control.START)
        machine.engine.step(after + 1)
        if stop == "abort":
            machine.engine.write_register(Register.CONTROL, Control.ABORT)
            machine.drain()
        else:
            machine.engine.reset()
            machine.engine.watchdog = WATCHDOG
            assert not machine.engine.status & Status.LOADED
        machine.works()
