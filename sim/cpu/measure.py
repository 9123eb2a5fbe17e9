"""
Latency of single requests on the processor, all ways side by side.

For each network, the ways take turns in blocks of requests, all of them with the same requests in
the same order, so that whatever else the machine does hits them alike. Times of PyTorch and ONNX
Runtime are those of the call from Python, which is what their users pay; times of C are those of
the call from C. None has the making of the request in it, nor the decision from the outputs.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from functools import partial
from importlib import metadata
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sim.build import BuildError
from sim.toolchain import ToolchainError
from sw.compress.quantise import decisions
from sw.compress.quantised import QuantisedLayer, QuantisedNetwork
from sw.golden.eie import GoldenEie

from .c_build import build_c, c_compiler, compiler_version
from .c_cpu import c_runner
from .c_source import Variant
from .case import CpuCase, Runner, UnavailableError, timed_calls
from .onnx_cpu import onnx_runner
from .processor import processor_name
from .results import CpuReport, CpuRow, Way
from .torch_cpu import compiled_runner, eager_runner, one_thread

__all__ = ["cpu_report", "measure_cpu"]

WAYS: dict[Way, Callable[[CpuCase], Runner]] = {
    Way.EAGER: eager_runner,
    Way.COMPILED: compiled_runner,
    Way.ONNX: onnx_runner,
    Way.C_DENSE: partial(c_runner, variant=Variant.DENSE),
    Way.C_SPARSE: partial(c_runner, variant=Variant.SPARSE),
}
"""How each way is made ready for a case; ``UnavailableError`` where it cannot be."""

INTEGER_WAYS = (Way.C_DENSE, Way.C_SPARSE)
"""Ways whose outputs are integers, which must equal the golden model's."""


def measure_cpu(
    networks: Mapping[str, CpuCase],
    *,
    requests: int = 10_000,
    blocks: int = 20,
    warmup: int = 100,
    progress: Callable[[int], object] | None = None,
) -> list[CpuRow]:
    """
    Median and 99th percentile of every network in every way; see the module for what is timed.

    Parameters
    ----------
    networks : mapping of name to CpuCase
    requests : int
        Requests measured for each network and way: the rows of the case, over and over.
    blocks : int
        Turns that a way has at them.
    warmup : int
        Requests at the begin of each turn that are not measured, so that the caches hold what this
        way needs and not what the one before it did.
    progress : callable, optional
        Called with the number of requests done since its last call; there are ``requests`` for
        each network and way, whether it is available or not.

    Rows come network by network, in the order of ``Way``.
    """
    if not 1 <= blocks <= requests or warmup < 0:
        raise ValueError(
            f"there must be at least one request a block and no warm-up below 0, "
            f"not {requests} requests in {blocks} blocks after {warmup}"
        )
    rows = []
    for name, case in networks.items():
        with one_thread():
            rows += _measure_case(name, case, requests, blocks, warmup, progress or (lambda _: ()))
    return rows


def cpu_report(
    networks: Mapping[str, CpuCase],
    *,
    requests: int = 10_000,
    blocks: int = 20,
    warmup: int = 100,
    progress: Callable[[int], object] | None = None,
) -> CpuReport:
    """``measure_cpu`` with what it ran on: processor, compiler, versions, what the clocks add."""
    compiler, c_clock = _c_clock(requests)
    rows = measure_cpu(networks, requests=requests, blocks=blocks, warmup=warmup, progress=progress)
    _, ns = timed_calls(_nothing, [None], np.zeros(requests, np.intp))
    return CpuReport(
        processor=processor_name(),
        compiler=compiler,
        versions=_versions(),
        python_clock_ns=float(np.median(ns)),
        c_clock_ns=c_clock,
        rows=rows,
    )


def _measure_case(
    name: str,
    case: CpuCase,
    requests: int,
    blocks: int,
    warmup: int,
    progress: Callable[[int], object],
) -> list[CpuRow]:
    """One network in all ways, which take turns."""
    runners: dict[Way, Runner] = {}
    missing: dict[Way, str] = {}
    for way, prepare in WAYS.items():
        try:
            runners[way] = prepare(case)
        except UnavailableError as error:
            missing[way] = str(error)
            progress(requests)
    order = np.arange(requests) % len(case.inputs)
    found: dict[Way, list[tuple[NDArray[Any], NDArray[np.uint32]]]] = {way: [] for way in runners}
    for block in np.array_split(order, blocks):
        for way, run in runners.items():
            if warmup:
                run((block[0] - warmup + np.arange(warmup)) % len(case.inputs))
            found[way].append(run(block))
            progress(len(block))
    real = _float_outputs(case)[order]
    golden = GoldenEie(case.quantised)(case.quantised.quantise_inputs(case.inputs)).numpy()[order]
    rows = []
    for way in WAYS:
        if way in missing:
            row = CpuRow(network=name, way=way, requests=0, unavailable=missing[way])
        else:
            outputs, ns = (np.concatenate(parts) for parts in zip(*found[way], strict=True))
            expected = golden if way in INTEGER_WAYS else None
            row = _row(name, way, outputs, ns, decisions(real), expected)
        rows.append(row)
    return rows


def _row(
    name: str,
    way: Way,
    outputs: NDArray[Any],
    ns: NDArray[np.uint32],
    decided: NDArray,
    golden: NDArray[np.int16] | None,
) -> CpuRow:
    """What came of a way, against the decisions of the float network and golden's outputs."""
    wrong = None if golden is None else int((outputs != golden).any(axis=1).sum())
    return CpuRow(
        network=name,
        way=way,
        requests=len(ns),
        median_ns=float(np.median(ns)),
        p99_ns=float(np.percentile(ns, 99, method="inverted_cdf")),
        agreement=float((decisions(outputs) == decided).mean()),
        mismatches=wrong,
    )


def _float_outputs(case: CpuCase) -> NDArray[np.float32]:
    with torch.no_grad():
        return case.network.forward(torch.from_numpy(case.inputs)).numpy()


def _nothing(request: None) -> None:
    """A call that does nothing."""


def _c_clock(count: int) -> tuple[str | None, float | None]:
    """The compiler's version, and the median nanoseconds of an empty call in C."""
    one = np.ones((1, 1), np.uint8)
    layer = QuantisedLayer(one, np.zeros(16, np.int16), np.zeros(1, np.int32), 0, relu=False)
    try:
        network = build_c(QuantisedNetwork((layer,)), Variant.DENSE)
        return compiler_version(c_compiler()), float(np.median(network.overhead(count)))
    except (BuildError, ToolchainError, OSError):
        return None, None


def _versions() -> dict[str, str]:
    """Of Python and of the packages that run networks."""
    versions = {"python": platform.python_version()}
    for package in ("torch", "onnxruntime"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
