"""Long wires against hand arithmetic."""

import pytest

from sw.physical.cells import read_cells
from sw.physical.wires import SPACING_MM, repeated_wire


def test_a_stage_by_hand() -> None:
    """BUF_X8's rising arc, 100 fF of wire and the next repeater's input."""
    load = 100 + 6.585178
    slew = 0.0035353 + 0.00028378 * load
    delay = 0.020207 + 0.00030567 * load + 0.1157 * (slew - 0.017)
    assert repeated_wire(read_cells(), SPACING_MM) == pytest.approx(delay)


def test_delay_grows_with_length() -> None:
    cells = read_cells()
    assert repeated_wire(cells, 3.0) == pytest.approx(6 * repeated_wire(cells, 0.5))
