"""Static timing analysis with OpenSTA: slack of a mapped netlist, and its worst path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .tables import CONSTRAINTS
from .tools import ToolError, run_tool

__all__ = ["Budget", "Exceptions", "Path_", "TimingReport", "analyse"]


@dataclass(frozen=True)
class Budget:
    """
    What a unit is timed against; ns and fF.

    Parameters
    ----------
    period : float
        Of the clock.
    input_delay, output_delay : float
        From the clock edge to the inputs; from the outputs to the next edge.
    driver : str
        Cell in front of each input.
    output_load : float
    paths : int
        Worst paths to list.
    """

    period: float = 1.25
    input_delay: float = 0.25
    output_delay: float = 0.25
    driver: str = "BUF_X4"
    output_load: float = 5.0
    paths: int = 5000


@dataclass(frozen=True)
class Exceptions:
    """
    Inputs that are not what the budget says.

    Parameters
    ----------
    quasi_static : tuple of str
        Bits of ports that are stable for a cycle before they count: they have two.
    constant : tuple of str
        Ports that never change.
    """

    quasi_static: tuple[str, ...] = ()
    constant: tuple[str, ...] = ()

    def commands(self) -> list[str]:
        """As SDC."""
        return [
            *(
                f"set_multicycle_path 2 -setup -from [get_ports {{{bit}}}]"
                for bit in self.quasi_static
            ),
            *(f"set_false_path -from [get_ports {{{port}}}]" for port in self.constant),
        ]


@dataclass(frozen=True)
class Path_:  # noqa: N801 -- pathlib has the plain name
    """A timing path: slack in ns, and the pins where it starts and ends."""

    slack: float
    start: str
    end: str


@dataclass(frozen=True)
class TimingReport:
    """
    Parameters
    ----------
    paths : tuple of :class:`Path_`
        The worst first, at most one for each end point.
    stages : tuple of (str, str, float)
        The worst path: pin, cell, time in ns since the clock edge.
    loops : int
        Combinational loops.
    """

    paths: tuple[Path_, ...]
    stages: tuple[tuple[str, str, float], ...]
    loops: int

    @property
    def slack(self) -> float | None:
        """Worst slack in ns; ``None`` where nothing is constrained."""
        return self.paths[0].slack if self.paths else None


_STAGE = re.compile(r"([\d.]+) [v^] (\S+) \((\S+)\)$", re.M)


def analyse(
    directory: Path,
    netlist: str,
    top: str,
    budget: Budget,
    wire_load: str,
    exceptions: Exceptions | None = None,
) -> TimingReport:
    """Times ``netlist`` in ``directory``, which has ``cells.lib`` and ``macros.lib``."""
    exceptions = exceptions or Exceptions()
    settings = {
        "kiln_period": budget.period,
        "kiln_input_delay": budget.input_delay,
        "kiln_output_delay": budget.output_delay,
        "kiln_driver": budget.driver,
        "kiln_output_load": budget.output_load,
        "kiln_paths": budget.paths,
    }
    script = [
        "read_liberty cells.lib",
        "read_liberty macros.lib",
        f"read_verilog {netlist}",
        f"link_design {top}",
        f"set_wire_load_model -name {wire_load}",
        *(f"set {name} {value}" for name, value in settings.items()),
        (CONSTRAINTS / "sta" / "unit.sdc").read_text(),
        *exceptions.commands(),
        (CONSTRAINTS / "sta" / "report.tcl").read_text(),
        "exit",
    ]
    (directory / "sta.tcl").write_text("\n".join(script) + "\n")
    output = run_tool("sta", ["-no_splash", "-exit", "sta.tcl"], directory, "sta.log")
    errors = re.findall(r"^Error: .*", output, re.M)
    if errors or "kiln-setup" not in output:
        raise ToolError(f"OpenSTA: {(errors or ['no report'])[0]} (log: {directory / 'sta.log'})")
    found = re.findall(r"^kiln-path (\S+) (\S+) (\S+)$", output, re.M)
    paths = tuple(Path_(float(slack), start, end) for slack, start, end in found)
    worst, setup = output.split("kiln-worst", 1)[1].split("kiln-setup", 1)
    worst = worst.split("data arrival time", 1)[0]  # what follows is the edge that captures
    stages = tuple((pin, cell, float(time)) for time, pin, cell in _STAGE.findall(worst))
    loops = re.search(r"(\d+) combinational loop", setup)
    return TimingReport(paths, stages, int(loops[1]) if loops else 0)
