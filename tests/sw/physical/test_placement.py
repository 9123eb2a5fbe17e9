"""The allowance for placement."""

import pytest

from sw.physical.placement import read_placement_allowance
from sw.physical.tables import TableError


def test_ours():
    assert 0.038 < read_placement_allowance() < 0.2  # the paper's filler cells are 3.8 %


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "placement_allowance is there 0 times, not once"),
        (["placement_allowance,0.1,"] * 2, "placement_allowance is there 2 times, not once"),
        (["allowance,0.1,"], ":2: quantity must be one of placement_allowance, not 'allowance'"),
        (["placement_allowance,-1,"], ":2: value must be a number of at least 0, not -1"),
    ],
)
def test_refusals(tmp_path, lines, message):
    (tmp_path / "placement45.csv").write_text("\n".join(["quantity,value,unit", *lines]) + "\n")
    with pytest.raises(TableError) as error:
        read_placement_allowance(tmp_path)
    assert message in str(error.value)
