"""``kiln compile`` and ``kiln image show`` as a user runs them."""

import numpy as np
import pytest
from typer.testing import CliRunner

from kiln.cli import app
from sw.compress.image import read_image
from sw.network import Layer, Network

runner = CliRunner()


@pytest.fixture
def network(tmp_path):
    rng = np.random.default_rng(1)
    layers = (
        Layer(rng.choice([0, 0.5, -1], (9, 6)), rng.normal(size=9), True),
        Layer(rng.choice([0, 2, -1], (2, 9)), rng.normal(size=2), False),
    )
    path = tmp_path / "net.npz"
    Network(layers, rng.integers(0, 4, (20, 6))).save(path)
    return path


def test_compile_then_show(network, tmp_path):
    out = tmp_path / "x.kiln"
    done = runner.invoke(app, ["compile", str(network), "--preset", "tiny", "--out", str(out)])
    assert done.exit_code == 0, done.output
    program = read_image(out)
    assert (program.config.n_pe, program.in_min, program.in_max) == (4, 0, 3)
    shown = runner.invoke(app, ["image", "show", str(out)])
    assert shown.exit_code == 0, shown.output
    for text in ("6 inputs (0 to 3, in the source file)", "9 x 6", "2 x 9", "net.npz", "1,024"):
        assert text in done.output
        assert text in shown.output


def test_declared_range(network, tmp_path):
    out = tmp_path / "x.kiln"
    options = ["--input-min", "-8", "--input-max", "7", "--no-integer-inputs"]
    done = runner.invoke(app, ["compile", str(network), "--out", str(out), *options])
    assert done.exit_code == 0, done.output
    program = read_image(out)
    assert (program.in_min, program.in_max) == (-32768, 28672)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--preset", "huge"], "no preset 'huge'; there are tiny, weng8, weng32, paper64"),
        (["--input-min", "0"], "give --input-min and --input-max together"),
        (["--input-min", "0", "--input-max", "1"], "outside the declared range 0 to 1"),
        (["--headroom", "0"], "headroom must be at least 1"),
    ],
)
def test_compile_refuses(network, options, message):
    done = runner.invoke(app, ["compile", str(network), *options])
    assert done.exit_code == 1
    assert message in done.output


def test_show_refuses_a_corrupt_image(network, tmp_path):
    out = tmp_path / "x.kiln"
    runner.invoke(app, ["compile", str(network), "--preset", "tiny", "--out", str(out)])
    blob = bytearray(out.read_bytes())
    blob[-1] ^= 1
    out.write_bytes(blob)
    shown = runner.invoke(app, ["image", "show", str(out)])
    assert shown.exit_code == 1
    assert "x.kiln: section 'spmat'" in shown.output
