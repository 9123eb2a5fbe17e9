import shutil
from pathlib import Path

import pytest

from sw.physical.cells import read_cells
from sw.physical.tables import CONSTRAINTS, TableError

TABLES = ("cells45_cells.csv", "cells45_pins.csv", "cells45_arcs.csv", "library45.csv")


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    for name in TABLES:
        shutil.copy(CONSTRAINTS / name, tmp_path)
    return tmp_path


def test_the_library() -> None:
    library = read_cells()
    assert len(library.cells) == 58
    assert library.conditions.wire_capacitance == 1.0
    inverter = library["INV_X1"]
    assert (inverter.kind, inverter.area, inverter.leakage) == ("gate", 0.532, 14.353185)
    assert (inverter.pins["ZN"].function, inverter.pins["ZN"].max_load) == ("!A", 60.73)
    (arc,) = inverter.arcs
    assert arc.rise is not None and arc.rise.delay == 0.012284
    resettable = library["DFFR_X1"]
    assert (resettable.clock, resettable.clear, resettable.preset) == ("CK", "!RN", "")
    assert {arc.timing_type for arc in resettable.arcs} >= {"setup_rising", "removal_rising"}


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("cells45_cells.csv", "INV_X2,gate", "INV_X1,gate", "3: INV_X1 is there twice"),
        ("cells45_cells.csv", "INV_X1,gate", "INV_X1,door", "2: kind must be one of gate, "),
        ("cells45_cells.csv", "0.532000,14", "wide,14", "2: area_um2 must be a number, not 'wide'"),
        ("cells45_cells.csv", "0.532000,14", "-1,14", "2: area_um2 must be a number of at least 0"),
        ("cells45_cells.csv", "0.532000,14", "nan,14", "2: area_um2 must be a number of at least"),
        ("cells45_cells.csv", "0.532000,14", ",14", "2: area_um2 is empty"),
        ("cells45_cells.csv", "cell,kind", "cell,sort", "1: the columns are cell,sort,"),
        ("cells45_cells.csv", ",D,!RN,", ",D,!R,", "names R, which is no pin"),
        ("cells45_cells.csv", "DFF_X1,flipflop", "DFF_X1,gate", "DFF_X1 is a gate with 1 clock"),
        ("cells45_pins.csv", "INV_X1,A", "INV_X9,A", "2: there is no cell INV_X9"),
        ("cells45_pins.csv", "INV_X1,ZN", "INV_X1,A", "3: INV_X1.A is there twice"),
        ("cells45_pins.csv", "A,input,1.700230", "A,inout,1.70", "2: direction must be one of inp"),
        ("cells45_pins.csv", "A,input,1.700230,,,", "A,input,1.7", "2: 4 fields, and there are 7"),
        ("cells45_arcs.csv", "INV_X1,ZN,A", "INV_X1,ZN,B", "2: INV_X1 has no pin 'B'"),
        (
            "cells45_arcs.csv",
            "INV_X1,ZN,A,combinational",
            "INV_X1,ZN,A,late",
            "2: timing_type must",
        ),
        ("cells45_arcs.csv", ",0.9484", ",", "2: internal_energy_fJ is empty"),
        ("cells45_arcs.csv", "0.012284,0.002434", ",0.002434", "2: rise_delay_ns is empty"),
        ("cells45_arcs.csv", "INV_X1,ZN,A,combinational", "INV_X1,ZN,A,preset", "wrong edges"),
        ("cells45_arcs.csv", "INV_X1,ZN,A", "INV_X1,A,A", "2: A is no pin for combinational"),
        ("library45.csv", "voltage,", "current,", "2: quantity must be one of voltage, "),
        ("library45.csv", "voltage,1.1,V\n", "", "library45.csv: voltage is missing"),
    ],
)
def test_a_bad_table_is_refused_by_file_and_line(
    tables: Path, name: str, old: str, new: str, message: str
) -> None:
    path = tables / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(TableError) as caught:
        read_cells(tables)
    assert str(caught.value).startswith(str(path)), caught.value
    assert message in str(caught.value)


def test_an_output_needs_arcs(tables: Path) -> None:
    path = tables / "cells45_arcs.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("BUF_X1,")))
    with pytest.raises(TableError, match=r"cells45_cells\.csv:6: output Z of BUF_X1 has no arc"):
        read_cells(tables)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"cells45_cells\.csv: cannot be read"):
        read_cells(tmp_path)
