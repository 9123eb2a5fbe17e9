"""Flag layouts have the bits of the enumerations they come from."""

import pytest

from hw.eie.flags import ERROR_FLAGS, STATUS_FLAGS
from hw.eie.format import Error, Status


@pytest.mark.parametrize(("layout", "flags"), [(ERROR_FLAGS, Error), (STATUS_FLAGS, Status)])
def test_bits(layout, flags):
    assert [name for name, _ in layout] == [flag.name.lower() for flag in flags]
    assert layout.size == max(flags).bit_length()
    for flag in flags:
        field = layout[flag.name.lower()]
        assert (1 << field.offset, field.width) == (flag, 1)
        assert layout.const({flag.name.lower(): 1}).as_value().value == flag
