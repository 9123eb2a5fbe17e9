"""Programs under test, and a plain interpreter of their frames."""

from dataclasses import replace

import numpy as np

from hw.eie.config import EieConfig
from hw.eie.format import SectionKind
from sw.compress.frame import parse_frame, program_frame
from sw.compress.layout import build_program
from sw.compress.quantised import QuantisedNetwork
from sw.compress.random import random_inputs, random_quantised
from sw.compress.unprogram import quantised_from_program
from sw.golden.eie import GoldenEie

SMALL = EieConfig(n_pe=4, spmat_depth=4096, ptr_depth=4096, act_depth=64, file_depth=4)
GARBAGE = 0x5A5A


class Interpreter:
    """What a frame's words tell the array to do, pass by pass, from the format alone. Memories
    start full of garbage, so that nothing may be read that was not written."""

    def __init__(self, words, config):
        self.fields, self.passes, sections = parse_frame(words)
        self.n = self.fields["n_pe"]
        self.pointers = [[GARBAGE] * config.ptr_depth for _ in range(self.n)]
        self.bytes = [bytearray(b"\x5a" * 8 * config.spmat_depth) for _ in range(self.n)]
        for section in sections:
            data = section.payload.astype("<u8").tobytes()
            if section.kind == SectionKind.POINTERS:
                values = np.frombuffer(data, "<u2").tolist()
                at = 2 * section.address
                self.pointers[section.unit][at : at + len(values)] = values
            else:
                at = 8 * section.address
                self.bytes[section.unit][at : at + len(data)] = data
        assert all(len(memory) == config.ptr_depth for memory in self.pointers)
        assert all(len(memory) == 8 * config.spmat_depth for memory in self.bytes)
        self.file = [[GARBAGE] * config.file_depth for _ in range(self.n)]
        self.sram = [[GARBAGE] * config.act_depth for _ in range(self.n)]
        self.acc = [[GARBAGE] * config.file_depth for _ in range(self.n)]

    def values(self, pe, word, count, dtype):
        return np.frombuffer(self.bytes[pe], dtype, count, 8 * word).tolist()

    def run(self, inputs):
        memory, base = (
            (self.sram, self.fields["in_base"]) if self.fields["in_sram"] else (self.file, 0)
        )
        for i, value in enumerate(inputs.tolist()):
            memory[i % self.n][base + i // self.n] = value
        for step in self.passes:
            self.step(step)
        base = self.fields["out_base"]
        return [self.sram[i % self.n][base + i // self.n] for i in range(self.fields["outputs"])]

    def span(self, step, pe, column):
        """First entry of a column in a PE, and the one behind its last."""
        group = 1 << step.group
        pointers = self.pointers[pe]
        if group == 1:
            return pointers[step.ptr_base + column : step.ptr_base + column + 2]
        assert step.ptr_base % 8 == 0
        at = step.ptr_base + 8 * (column // group)
        record = sum(word << 16 * k for k, word in enumerate(pointers[at : at + 8]))
        base, ends = record & 0xFFFF, [0, *(record >> 16 + 7 * k & 127 for k in range(16))]
        assert len(set(ends[group:])) == 1, "columns beyond the group have entries"
        return [base + ends[column % group], base + ends[column % group + 1]]

    def step(self, step):
        bias_words = (step.bias_rows + 1) // 2
        books = []
        for pe in range(self.n):
            biases = self.values(pe, step.spmat_base, step.bias_rows, "<i4")
            self.acc[pe][: step.bias_rows] = biases
            books.append(self.values(pe, step.spmat_base + bias_words, 16, "<i2"))
        for column in range(step.columns):
            owner, slot = column % self.n, column // self.n
            source = self.sram[owner] if step.src_sram else self.file[owner]
            value = source[(step.src_base if step.src_sram else 0) + slot]
            for pe in range(self.n):
                start, stop = (8 * step.entry_base + at for at in self.span(step, pe, column))
                row = -1
                for entry in self.bytes[pe][start:stop]:
                    row += (entry >> 4) + 1
                    if entry & 15:
                        self.acc[pe][row] += books[pe][entry & 15] * value
        for row in range(step.drain_rows):
            sums = [accumulators[row] for accumulators in self.acc]
            if step.split:
                assert step.dst_sram and row < self.n
                self.drain(step, row, 0, sum(sums))
                continue
            for pe, value in enumerate(sums):
                self.drain(step, pe, row, value)

    def drain(self, step, pe, row, value):
        total = (value + (1 << 31)) % (1 << 32) - (1 << 31)
        value = (total + ((1 << step.shift) >> 1)) >> step.shift
        value = min(max(value, -32768), 32767)
        value = max(value, 0) if step.relu else value
        if step.dst_sram:
            self.sram[pe][step.dst_base + row] = value
        else:
            self.file[pe][row] = value


def check(network, config, seed=0, requests=2):
    """Frame and interpreter give what the golden model gives; decoding gives the network back."""
    program = build_program(network, config)
    assert quantised_from_program(program) == network
    machine = Interpreter(program_frame(program), config)
    inputs = random_inputs(np.random.default_rng(seed), network, requests)
    expected = GoldenEie(network)(inputs).tolist()
    for request, outputs in zip(inputs, expected, strict=True):
        assert machine.run(request) == outputs
    return program


def mixed_layer(linear_rows, planes=1):
    """41 outputs of 5 inputs, ReLU from a row on, then 7 outputs."""
    network = random_quantised(np.random.default_rng(6), [5, 41, 7], 0.5, planes=planes)
    first, last = network.layers
    return QuantisedNetwork((replace(first, relu=True, linear_rows=linear_rows), last))
