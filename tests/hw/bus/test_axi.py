"""AXI signatures, and the AXI4-Lite subordinate against independent managers."""

import pytest

from hw.bus.axi import AxiLite, AxiLiteTarget, AxiStream
from sim.runner import run_bench


def test_lite_members():
    members = AxiLite(12).members
    directions = {name: member.flow.name for name, member in members.items()}
    assert {name for name, flow in directions.items() if flow == "In"} == {
        *("awready", "wready", "bvalid", "bresp", "arready", "rvalid", "rdata", "rresp")
    }
    assert len(members) == 19
    assert AxiLite(12).addr_width == members["araddr"].shape == 12


def test_stream_members():
    assert set(AxiStream(64).members) == {"tvalid", "tready", "tdata", "tlast"}
    assert AxiStream(64, keep=True).members["tkeep"].shape == 8
    assert AxiStream(64, keep=True).keep and not AxiStream(64).keep
    assert AxiStream(64).width == 64


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AxiLite(1), "Address width must be an integer of at least 2, not 1"),
        (lambda: AxiLite("8"), "Address width must be an integer of at least 2, not '8'"),
        (lambda: AxiStream(12), "Stream width must be a positive multiple of 8, not 12"),
        (lambda: AxiStream(0), "Stream width must be a positive multiple of 8, not 0"),
    ],
)
def test_bad_parameters(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.rtl
def test_target():
    run_bench(AxiLiteTarget(8), __file__)
