"""A wide sparse-matrix read with what surrounds it in a processing element, for bench_spmat.py."""

from dataclasses import dataclass

import cocotb

from hw.eie.wide.tokens import span_layout
from tests.hw.eie.spmat_machine import NUMBERS, Machine
from tests.hw.eie.wide.spans import group_span, random_sizes, single_span
from tests.hw.eie.wide.spmat_model import WideSpmatModel, drain_starts, load_starts

__all__ = ["NUMBERS", "WideMachine", "WidePass"]


@dataclass
class WidePass:
    """A descriptor, and the spans that come in the pass."""

    descriptor: dict
    ranges: list

    @property
    def entries(self):
        return sum(max(0, span["stop"] - span["start"]) for span in self.ranges)


class WideMachine(Machine):
    """As the narrow unit's, with groups among the columns, and with the rest of the array, which
    lets a split pass drain some cycles after the unit began to wait."""

    model_class = WideSpmatModel
    layout = staticmethod(span_layout)
    inputs = (*Machine.inputs, "go")
    used = (*Machine.used, "dst_sram", "split")

    @classmethod
    async def start(cls, dut, number, stalls="never"):
        self = await super().start(dut, number, stalls)
        self.patience = 0
        cocotb.start_soon(self._release())
        return self

    async def _release(self):
        """Gives ``go`` once the unit has waited for ``patience`` cycles."""
        waited, go = 0, getattr(self.bench.dut, f"{self.unit}__go")
        while True:
            await self.bench.edge
            waits = self.model.pin("waiting") and not self.model.pin("go")
            waited = waited + 1 if waits and not self.bench.in_reset else 0
            go.value = int(waited > self.patience)

    def single(self, start, stop):
        return single_span(self.config, self.rng, start, stop)

    def group(self, start, sizes):
        return group_span(self.config, self.rng, start, sizes)

    def random_pass(self, columns=8):
        rng, depth, rows = self.rng, self.config.spmat_depth, self.config.file_depth
        bias_rows, drain_rows = (
            rng.choice([0, 1, rows - 1, rows, rng.randint(0, rows)]) for _ in range(2)
        )
        last_base = depth - 4 - (bias_rows + 1) // 2
        entry_base = rng.choice([0, depth - 1, rng.randrange(depth)])
        end = min(65535, 8 * (depth - entry_base))
        spans = []
        for _ in range(rng.randint(0, columns)):
            start = rng.choice([0, rng.randint(0, end), rng.randint(max(0, end - 20), end)])
            if rng.random() < 0.5:
                length = rng.choice([0, 0, 1, 2, 8, rng.randint(0, 40)])
                spans.append(self.single(start, min(start + length, end)))
            else:
                sizes = random_sizes(self.config, rng, min(127, end - start))
                spans.append(self.group(start, sizes))
        split = rng.random() < 0.3
        return WidePass(
            self.descriptor(
                spmat_base=rng.choice([0, last_base, rng.randint(0, last_base)]),
                entry_base=entry_base,
                bias_rows=bias_rows,
                drain_rows=drain_rows,
                split=int(split),
                dst_sram=int(split or rng.random() < 0.5),
            ),
            spans,
        )

    def columns(self, ranges):
        """The tokens of a pass. All but the mark of an end is anything."""
        yield from ranges
        start, stop = self.rng.getrandbits(16), self.rng.getrandbits(16)
        yield self.single(start, stop) | {"end": 1, "single": self.rng.getrandbits(1)}

    def operations(self, program):
        lanes, old = self.config.lanes, None
        for each in program:
            count = len(drain_starts(self.config, old))
            old = each.descriptor if each else None
            if each:
                count += len(load_starts(self.config, old)) + 2
                lengths = (span["stop"] - span["start"] for span in each.ranges)
                count += sum(-(-length // lanes) for length in lengths if length > 0)
            yield count
