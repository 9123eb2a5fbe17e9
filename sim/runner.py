"""From pytest to cocotb: builds a component and runs a module of cocotb tests against it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, TextIO
from xml.etree import ElementTree

from amaranth.lib import wiring

from hw.emit import Emitted

from .build import BenchRunner, bench_model
from .cache import build_root
from .verilate import TOP

__all__ = ["BenchError", "bench_parameters", "run_bench"]

_PARAMETERS = "KILN_BENCH_PARAMETERS"


class BenchError(AssertionError):
    """cocotb tests failed, or none ran; the message names each and ends with the log's tail."""


def bench_parameters() -> dict[str, Any]:
    """In a bench: the ``parameters`` that :func:`run_bench` was given, as JSON keeps them."""
    path = os.environ.get(_PARAMETERS)
    return json.loads(Path(path).read_text()) if path else {}


def run_bench(
    component: wiring.Component | Emitted,
    bench: str | Path,
    *,
    testcase: str | Sequence[str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    public: Sequence[tuple[str, str]] = (),
    seed: int = 1,
    timeout_s: float = 900,
) -> int:
    """
    Run the cocotb tests of a module against a component; returns how many passed.

    Parameters
    ----------
    component
        What is tested; Verilated unless the cache has it.
    bench
        The module's file. Of a file ``test_x.py`` (a caller's own ``__file__``) it is the
        ``bench_x.py`` beside it.
    testcase
        Names of the tests to run; all by default.
    parameters
        What :func:`bench_parameters` returns in the module: JSON types, dataclasses and NumPy
        arrays.
    public
        Variables inside the component that the tests reach; see :func:`sim.build.bench_model`.
    seed
        Of Python's ``random`` in the module.
    timeout_s
        Seconds after which the simulation is killed.

    Waves are written where ``WAVES=1`` is in the environment. Results stay under
    ``build/cocotb/<module>``, with logs and waves if a test failed or waves were asked for. Raises
    :class:`BenchError`.
    """
    __tracebackhide__ = True  # pytest shows the message, not this function
    path = Path(bench).resolve()
    if path.name.startswith("test_"):
        path = path.with_name("bench_" + path.name.removeprefix("test_"))
    if not path.is_file():
        raise FileNotFoundError(f"no bench {path}")
    waves = os.environ.get("WAVES", "0") not in ("", "0")
    model = bench_model(component, waves=waves, public=public)
    results = build_root() / "cocotb" / path.stem
    results.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_test_name()}.", dir=results))
    (folder / "parameters.json").write_text(json.dumps(dict(parameters or {}), default=_plain))
    runner = _Runner(timeout_s, [path.parent, Path(__file__).parents[1]])
    try:
        runner.test(
            test_module=path.stem,
            hdl_toplevel=TOP,
            hdl_toplevel_lang="verilog",
            testcase=testcase,
            seed=seed,
            build_dir=model.folder,
            test_dir=folder,
            results_xml=str(folder / "results.xml"),
            extra_env={_PARAMETERS: str(folder / "parameters.json")},
            log_file=folder / "bench.log",
            waves=waves,
        )
    except (RuntimeError, SystemExit) as error:
        # What the tests said comes first; without results, the simulation itself broke.
        if not (folder / "results.xml").is_file():
            raise BenchError(f"simulation ended with {error}\n{_tail(folder)}") from None
    passed, failed = _read_results(folder / "results.xml")
    if failed or not passed:
        reasons = "\n".join(failed) or f"no test ran in {path.name}"
        raise BenchError(f"{reasons}\n{_tail(folder)}")
    shutil.copyfile(folder / "results.xml", results / f"{_test_name()}.xml")
    if not waves:
        shutil.rmtree(folder, ignore_errors=True)
    return passed


class _Runner(BenchRunner):
    def __init__(self, timeout_s: float, paths: Sequence[Path]) -> None:
        super().__init__()
        self._timeout_s = timeout_s
        self._paths = paths

    def _set_env_test(self) -> None:
        super()._set_env_test()
        self.env["PYTHONPATH"] = os.pathsep.join([*map(str, self._paths), self.env["PYTHONPATH"]])
        self.env.pop("MAKEFLAGS", None)

    def _execute_cmds(
        self, cmds: Sequence[list[str]], cwd: Any, stdout: TextIO | None = None
    ) -> None:
        for command in cmds:
            try:
                done = subprocess.run(
                    command,
                    cwd=cwd,
                    env=self.env,
                    stdout=stdout,
                    stderr=subprocess.STDOUT,
                    timeout=self._timeout_s,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise RuntimeError(f"no end after {self._timeout_s:g} s") from None
            if done.returncode:
                raise RuntimeError(f"exit status {done.returncode}")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"bench parameters cannot hold {type(value).__name__}")


def _test_name() -> str:
    current = os.environ.get("PYTEST_CURRENT_TEST", "run").rsplit("::", 1)[-1].split(" ")[0]
    return re.sub(r"[^\w.-]+", "_", current)[:80]


def _tail(folder: Path) -> str:
    log = folder / "bench.log"
    text = log.read_text(errors="replace") if log.is_file() else ""
    return f"{folder}:\n{text[-6000:]}"


def _read_results(path: Path) -> tuple[int, list[str]]:
    """Number of tests that passed, and a line for each that did not."""
    passed, failed = 0, []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        problem = case.find("failure")
        if problem is None:
            problem = case.find("error")
        if problem is not None:
            text = problem.get("message") or problem.get("error_msg") or problem.text or ""
            failed.append(f"{case.get('name')}: {text.strip()}")
        elif case.find("skipped") is None:
            passed += 1
    return passed, failed
