"""Power of a processing element at work, as the report of synthesis takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from sim.cache import cached, content_key, sources_key
from sim.synth.run import FLAVOUR, SynthRun
from sw.physical.powerreport import Power

from .layers import chosen as chosen_layers
from .power import PowerResult, Workload, layer_workload, measure_power, predictor_workloads
from .predictors import chosen as chosen_predictors

__all__ = ["ElementPower", "element_powers"]

_LAYER_INFERENCES, _INFERENCES = 2, 4
_SOURCES = (
    *("hw/*.py", "hw/bus/*.py", "hw/eie/**/*.py", "sim/*.py", "sim/harness/*"),
    *("sw/*.py", "sw/compress/*.py", "sw/golden/*.py", "sw/predictors/*.py", "sw/physical/*.py"),
    *("sw/weights/*.safetensors", "constraints/*.csv", "sim/bench/power.py"),
    *(f"sim/bench/{name}.py" for name in ("layers", "predictors", "synth_power")),
)


class ElementPower(BaseModel):
    """
    One element of a machine while it runs a workload, its gates simulated.

    Parameters
    ----------
    machine, workload : str
    inferences, mismatches : int
        How many were run, and how many of them had an output that was not the golden model's.
    us : float
        Of an inference, mean.
    entries : float
        That the element works on in an inference, mean.
    temperature_k : int
        Of the memories.
    dynamic_mw, leakage_mw : dict
        By part, and in it by component.
    clock_tree_um2 : float
        Buffers of the clock tree, which the netlist does not have.
    """

    machine: str
    workload: str
    inferences: int
    mismatches: int
    us: float
    entries: float
    temperature_k: int
    dynamic_mw: dict[str, dict[str, float]]
    leakage_mw: dict[str, dict[str, float]]
    clock_tree_um2: float

    @classmethod
    def of(cls, machine: str, result: PowerResult, power: Power) -> ElementPower:
        """A workload that was measured, at one temperature."""
        parts = power.parts.items()
        return cls(
            machine=machine,
            workload=result.workload,
            inferences=result.inferences,
            mismatches=result.mismatches,
            us=result.us,
            entries=result.entries_per_cycle * result.cycles,
            temperature_k=power.temperature_k,
            dynamic_mw={p: {c: share.dynamic_mw for c, share in each.items()} for p, each in parts},
            leakage_mw={p: {c: share.leakage_mw for c, share in each.items()} for p, each in parts},
            clock_tree_um2=power.clock_buffer_area_um2,
        )

    @property
    def total_mw(self) -> float:
        """All parts and components."""
        return self.dynamic_total_mw + self.leakage_total_mw

    @property
    def dynamic_total_mw(self) -> float:
        """What moves."""
        return sum(sum(each.values()) for each in self.dynamic_mw.values())

    @property
    def leakage_total_mw(self) -> float:
        """What is there anyway."""
        return sum(sum(each.values()) for each in self.leakage_mw.values())

    def part_mw(self, part: str, component: str | None = None) -> float:
        """A part, or a component of it."""
        return sum(
            mw
            for by_part in (self.dynamic_mw, self.leakage_mw)
            for name, mw in by_part.get(part, {}).items()
            if component in (None, name)
        )

    def component_mw(self, component: str) -> float:
        """A component of all parts."""
        return sum(
            each.get(component, 0.0)
            for by_part in (self.dynamic_mw, self.leakage_mw)
            for each in by_part.values()
        )


def element_powers(
    run: SynthRun, workload: str, progress: Callable[[str], object] = lambda what: None
) -> list[ElementPower]:
    """
    Power of a PE that was synthesised, on a layer of the EIE paper or a latency predictor by name;
    at each temperature, for each case of the workload. Kept by content.
    """

    def measure(folder: Path) -> None:
        progress(f"power of {run.job.label} on {workload}")
        config = run.job.config
        results = measure_power(
            run.folder, config, list(_workloads(run, workload)), flavour=FLAVOUR, progress=progress
        )
        found = [
            ElementPower.of(run.job.machine, result, power)
            for result in results
            for power in result.powers
        ]
        (folder / "power.json").write_bytes(_POWERS.dump_json(found, indent=1))

    key = content_key(
        str(run.job.config),
        workload,
        (run.folder / "netlist.json").read_text(),
        sources_key(_SOURCES),
    )
    folder = cached("power", key, f"power of {run.job.label}", measure, quiet=True)
    return _POWERS.validate_json((folder / "power.json").read_bytes())


_POWERS = TypeAdapter(list[ElementPower])


def _workloads(run: SynthRun, name: str) -> Iterator[Workload]:
    config = run.job.config
    if any(layer.name == name for layer in chosen_layers([])):
        (layer,) = chosen_layers([name])
        yield layer_workload(layer, config, _LAYER_INFERENCES)
    else:
        (predictor,) = chosen_predictors([name])
        yield from predictor_workloads(predictor, config, _INFERENCES)
