"""A small trace in two halves, and a predictor on it that is trained in a moment."""

from functools import cache

from hw.eie.config import PRESETS
from sim.bench.tail.quality import judge
from sim.bench.tail.sources import Halves
from sw.predictors.fit import FitRecipe
from sw.predictors.ssd import SPECS
from sw.traces.workload import generate

RECIPE = FitRecipe(epochs=2, prune_epochs=1, share_epochs=1, sparsities=(0.5,))


@cache
def halves():
    return Halves("small", generate(6000, 5))


@cache
def judged(name, labels="p85"):
    return judge(SPECS[name], halves(), PRESETS["wide8"], labels=labels, recipe=RECIPE)
