"""Networks for benches of the whole engine: their programs, and what it must answer."""

import numpy as np

from hw.eie.config import EieConfig
from hw.eie.format import Control
from sim.runner import bench_parameters
from sw.compress.frame import program_frame
from sw.compress.layout import build_program
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie

LIMIT = {"timeout_time": 10000, "timeout_unit": "us"}
"""A test that waits for ever fails instead."""

CONFIG = EieConfig(**bench_parameters()["config"])
START = Control.START


class Case:
    """A random network with its program, inputs and what it must answer."""

    def __init__(self, sizes, density, seed, batch=3):
        rng = np.random.default_rng(seed)
        self.network = random_quantised(rng, sizes, density)
        self.program = build_program(self.network, CONFIG)
        self.inputs = random_inputs(rng, self.network, batch)
        self.outputs = GoldenEie(self.network)(self.inputs).numpy()
        self.frame = program_frame(self.program)

    async def check(self, host):
        """Everything loaded afresh; every answer right; no error."""
        await host.load(self.program)
        await self.infer(host)

    async def infer(self, host):
        for vector, outputs in zip(self.inputs, self.outputs, strict=True):
            np.testing.assert_array_equal(await host.infer(self.program, vector), outputs)
        assert not await host.errors()


SIZES, DENSITY = ([9, 31, 1], 1.0) if CONFIG.is_wide else ([9, 7, 5], 0.5)
SMALL = Case(SIZES, DENSITY, seed=11, batch=2)
"""A wide array's has groups, and a layer split over the PEs."""
assert any(each.group for each in SMALL.program.passes) == CONFIG.is_wide
assert any(each.split for each in SMALL.program.passes) == CONFIG.is_wide
