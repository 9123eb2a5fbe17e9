"""The Liberty file against the tables that it is made of, read here with nothing but ``csv``."""

import csv
from collections.abc import Callable
from typing import Any

import pytest

from sw.physical.cells import read_cells
from sw.physical.liberty import write_liberty
from sw.physical.tables import CONSTRAINTS

SLEW = 0.017


def rows(name: str) -> list[dict[str, str]]:
    with (CONSTRAINTS / name).open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def library(parse_liberty: Callable[[str], Any]) -> Any:
    return parse_liberty(write_liberty(read_cells()))


def test_units_and_conditions(library: Any) -> None:
    assert library.args == ["kiln45"]
    assert library.text("time_unit") == "1ns"
    assert library.text("leakage_power_unit") == "1nW"
    assert library.attributes["capacitive_load_unit"] == [["1", "ff"]]
    assert library.number("nom_voltage") == 1.1
    assert library.number("nom_temperature") == 25
    assert library.named("operating_conditions")["typical"].number("voltage") == 1.1
    wire = library.named("wire_load")[library.text("default_wire_load")]
    assert wire.args == ["kiln45_wire"]
    assert (wire.number("capacitance"), wire.number("resistance")) == (1.0, 0.0)


def test_area_and_leakage_of_every_cell(library: Any) -> None:
    cells = library.named("cell")
    table = rows("cells45_cells.csv")
    assert list(cells) == [row["cell"] for row in table]
    for row in table:
        cell = cells[row["cell"]]
        assert cell.number("area") == float(row["area_um2"])
        assert cell.number("cell_leakage_power") == float(row["leakage_nW"])


def test_every_pin(library: Any) -> None:
    cells = library.named("cell")
    count = 0
    for row in rows("cells45_pins.csv"):
        pin = cells[row["cell"]].named("pin")[row["pin"]]
        assert pin.text("direction") == row["direction"]
        if row["direction"] == "input":
            assert pin.number("capacitance") == float(row["capacitance_fF"])
            assert ("clock" in pin.attributes) == (row["clock"] == "true")
        else:
            kind = "state_function" if row["cell"] == "CLKGATE_X1" else "function"
            assert pin.text(kind) == row["function"]
        if row["max_load_fF"]:
            assert pin.number("max_capacitance") == float(row["max_load_fF"])
        count += 1
    # The one pin that is in no table is the state of the clock gate.
    assert sum(len(cell.named("pin")) for cell in cells.values()) == count + 1


def timings(library: Any, row: dict[str, str]) -> list[Any]:
    pin = library.named("cell")[row["cell"]].named("pin")[row["pin"]]
    return [
        timing
        for timing in pin.all("timing")
        if timing.text("related_pin") == row["related_pin"]
        and timing.text("timing_type") == row["timing_type"]
        and (not row["sense"] or timing.text("timing_sense") == row["sense"])
    ]


@pytest.mark.parametrize("slew", [0.0, SLEW, 0.1, 0.3])
@pytest.mark.parametrize("load", [0.0, 3.0, 40.0])
def test_every_delay_is_its_fit(library: Any, slew: float, load: float) -> None:
    for row in rows("cells45_arcs.csv"):
        if not row["sense"]:
            continue
        (timing,) = timings(library, row)
        for edge in ("rise", "fall"):
            if not row[f"{edge}_delay_ns"]:
                assert f"cell_{edge}" not in {group.kind for group in timing.groups}
                continue
            fit = {
                key: float(row[f"{edge}_{key}"])
                for key in ("delay_ns", "delay_ns_per_fF", "delay_per_slew")
            }
            delay = fit["delay_ns"] + fit["delay_ns_per_fF"] * load
            delay += fit["delay_per_slew"] * (slew - SLEW)
            (table,) = timing.all(f"cell_{edge}")
            assert table.at(slew, load) == pytest.approx(delay, rel=1e-6, abs=1e-9)
            out = float(row[f"{edge}_slew_ns"]) + float(row[f"{edge}_slew_ns_per_fF"]) * load
            (table,) = timing.all(f"{edge}_transition")
            assert table.at(slew, load) == pytest.approx(out, rel=1e-6, abs=1e-9)


def test_every_check_is_its_constant(library: Any) -> None:
    checks = 0
    for row in rows("cells45_arcs.csv"):
        for edge in ("rise", "fall"):
            if not row[f"{edge}_constraint_ns"]:
                continue
            (timing,) = timings(library, row)
            (table,) = timing.all(f"{edge}_constraint")
            for slew in (0.0, 0.05, 0.2):
                assert table.at(slew, 0.03) == pytest.approx(float(row[f"{edge}_constraint_ns"]))
            checks += 1
    # Setup and hold of five cells by both edges; recovery and removal of two by one.
    assert checks == 5 * 2 * 2 + 2 * 2


def test_every_internal_energy(library: Any) -> None:
    for row in rows("cells45_arcs.csv"):
        if not row["internal_energy_fJ"]:
            continue
        pin = library.named("cell")[row["cell"]].named("pin")[row["pin"]]
        powers = [
            power
            for power in pin.all("internal_power")
            if power.attributes.get("related_pin", [[row["pin"]]]) == [[row["related_pin"]]]
        ]
        assert len(powers) == 1, row
        for kind in ("rise_power", "fall_power"):
            (table,) = powers[0].all(kind)
            assert table.axis("values") == [float(row["internal_energy_fJ"])]


def test_sequential_cells(library: Any) -> None:
    cells = library.named("cell")
    (state,) = cells["DFFR_X1"].all("ff")
    assert state.args == ["IQ", "IQN"]
    expected = {"clocked_on": [["CK"]], "next_state": [["D"]], "clear": [["!RN"]]}
    assert state.attributes == expected
    (state,) = cells["DFFS_X1"].all("ff")
    assert state.text("preset") == "!SN"
    assert cells["DFF_X1"].named("pin")["CK"].number("min_pulse_width_high") == 0.088109
    assert cells["DFFR_X1"].named("pin")["RN"].number("min_pulse_width_low") == 0.21166
    gate = cells["CLKGATE_X1"]
    assert gate.text("clock_gating_integrated_cell") == "latch_posedge"
    (table,) = gate.all("statetable")
    assert table.args == ["CK E", "IQ"]
    pins = gate.named("pin")
    assert pins["GCK"].text("state_function") == "CK & IQ"
    for pin, role in (("CK", "clock"), ("E", "enable"), ("GCK", "out")):
        assert pins[pin].text(f"clock_gate_{role}_pin") == "true"
