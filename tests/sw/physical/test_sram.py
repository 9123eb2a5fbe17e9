import csv
from itertools import pairwise
from pathlib import Path

import pytest

from hw.eie.config import PRESETS
from hw.eie.system import Eie
from hw.emit import emit
from hw.memory import MemoryMacros
from sw.physical.sram import SramOutOfRange, SramTable
from sw.physical.tables import CONSTRAINTS, TableError

FIXED = ("access_ns", "cycle_ns", "read_pJ", "write_pJ")
LEAKAGE = ("leakage_mW", "gate_leakage_mW")


@pytest.fixture(scope="module")
def table() -> SramTable:
    return SramTable.load()


def rows() -> list[dict[str, str]]:
    with (CONSTRAINTS / "sram45.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_tables_points_come_out_exactly(table: SramTable) -> None:
    assert len(rows()) == 152
    for row in rows():
        width = int(row["word_bits"])
        figures = table.price(
            int(row["bytes"]) * 8 // width,
            width,
            flavour=row["flavour"],
            temperature=int(row["temperature_K"]),
            ports=row["ports"],
        )
        assert figures.area_um2 == float(row["area_mm2"]) * 1e6
        for name in (*FIXED, *LEAKAGE):
            assert getattr(figures, name) == float(row[name]), (row, name)
        assert not figures.extrapolated


def test_leakage_at_the_other_temperature_is_scaled_as_in_the_nearest_geometry(
    table: SramTable,
) -> None:
    # 64 KB is nearest to 128 KB, of which the table has both; 4 KB of 64 bits to 2 KB of 64 bits.
    half = table.price(8192, 64)
    assert half.leakage_mW == pytest.approx(0.79478 * 0.59314 / 1.58956)
    assert half.gate_leakage_mW == pytest.approx(2.84765 * 2.20200 / 5.69530)
    assert half.area_um2 == table.price(8192, 64, temperature=350).area_um2
    small = table.price(512, 64)
    assert small.leakage_mW == pytest.approx(0.05850 * 0.01184 / 0.03173)


def test_between_two_sizes(table: SramTable) -> None:
    # 1536 bytes of 64 bits: by logarithms, 58.5 % of the way from 1 KB to 2 KB.
    figures = table.price(192, 64)
    share = 0.5849625007
    assert figures.area_um2 == pytest.approx(3600 * (7543 / 3600) ** share)
    assert figures.access_ns == pytest.approx(0.473 * (0.491 / 0.473) ** share)
    assert figures.write_pJ == pytest.approx(1.441 * (1.752 / 1.441) ** share)
    assert figures.how.endswith("1024 bytes of 64 bits; 2048 bytes of 64 bits")


def test_between_two_widths(table: SramTable) -> None:
    # 32 lies halfway between 16 and 64 by logarithms.
    figures = table.price(512, 32)
    assert figures.read_pJ == pytest.approx((0.999 * 1.315) ** 0.5)
    assert figures.area_um2 == pytest.approx((7087 * 7543) ** 0.5)


def test_a_width_that_its_size_has_not_borrows_a_ratio(table: SramTable) -> None:
    # 256 bytes are there with 16 bits; 1 KB is the nearest size with 16 and 64.
    figures = table.price(64, 32)
    assert figures.read_pJ == pytest.approx(0.258 * (0.787 / 0.574) ** 0.5)
    assert "256 bytes of 16 bits times 32:16 at 1024 bytes" in figures.how
    wide = table.price(2048, 128)
    assert wide.read_pJ == pytest.approx(7.233 * 21.264 / 15.545)
    assert not wide.extrapolated


@pytest.mark.parametrize("width", [16, 32, 64])
def test_area_and_read_energy_rise_with_size(table: SramTable, width: int) -> None:
    figures = [table.price(64 * 2**k * 8 // width, width) for k in range(12)]
    for name in ("area_um2", "leakage_mW", "gate_leakage_mW"):
        values = [getattr(line, name) for line in figures]
        assert all(a < b for a, b in pairwise(values)), (name, values)


def test_interpolation_does_not_jump(table: SramTable) -> None:
    for depth in (128, 1024, 4096, 16384):
        for width in (8, 24, 48, 96):
            for name in ("area_um2", *FIXED, *LEAKAGE):
                low, high = (getattr(table.price(depth + step, width), name) for step in (-1, 1))
                assert low == pytest.approx(high, rel=8 / depth), (depth, width, name)


def test_twice_beyond_the_table_and_no_further(table: SramTable) -> None:
    assert table.price(32, 16).extrapolated
    assert table.price(1 << 18, 64).extrapolated
    assert table.price(1024, 8).extrapolated
    assert table.price(1024, 1024).extrapolated
    cases = {
        (16, 16): r"16 x 16 bits \(32 bytes\): .* are 128 and 256 bytes; use flip-flops",
        ((1 << 18) + 1, 64): r"\(2097160 bytes\): the largest sizes .* 131072 and 1048576 bytes",
        (1024, 7): r"\(896 bytes\): the table has 16 to 512 bits; .* are 256 and 1024 bytes",
        (128, 1025): r"the table has 16 to 512 bits; .* are 16384 and 32768 bytes",
        (8, 512): r"\(512 bytes\): no size .* within a factor of 32 has widths around it",
    }
    for (depth, width), message in cases.items():
        with pytest.raises(SramOutOfRange, match=message):
            table.price(depth, width)


def test_what_the_table_does_not_have(table: SramTable) -> None:
    with pytest.raises(SramOutOfRange, match="the largest sizes of the table are 8192 and 16384"):
        table.price(16384, 64, ports="1r1w")
    with pytest.raises(ValueError, match="has no SRAM itrs-lop 2rw at 300 K"):
        table.price(1024, 64, ports="2rw")
    with pytest.raises(ValueError, match="has no SRAM itrs-lop 1rw at 330 K"):
        table.price(1024, 64, temperature=330)
    with pytest.raises(ValueError, match="SRAM depth must be a positive integer, not 0"):
        table.price(0, 64)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("itrs-lop,128,16", "itrs-new,128,16", "2: flavour must be one of"),
        ("itrs-lop,128,16", "itrs-lop,128.5,16", "2: bytes must be an integer, not 128.5"),
        ("0.000568,0.372", "0,0.372", "2: area, times and energies must be above 0"),
        ("lop,256,16", "lop,128,16", "3: differs from the other temperature"),
        ("1rw,350,0.000568", "1rw,330,0.000568", "2: temperature_K must be one of 300, 350"),
    ],
)
def test_a_bad_table_is_refused_by_file_and_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = (CONSTRAINTS / "sram45.csv").read_text()
    assert old in text
    path = tmp_path / "sram.csv"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(TableError, match=f"sram.csv:{message}"):
        SramTable.load(path)


@pytest.mark.parametrize("preset", ["tiny", "weng8", "wide8"])
def test_every_sram_of_a_machine_has_a_price(table: SramTable, preset: str) -> None:
    macros = emit(Eie(PRESETS[preset]), platform=MemoryMacros()).manifest["macros"]
    assert macros
    for macro in macros.values():
        figures = table.price(macro["depth"], macro["width"])
        assert figures.cycle_ns < 1.25 and not figures.extrapolated
