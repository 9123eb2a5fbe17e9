"""Networks and their files: forward pass, round trips, and every refusal."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from sw.network import Layer, Network, NetworkError, layer_codebook


def network(sizes=(5, 4, 3), rng=None, **kwargs):
    rng = rng or np.random.default_rng(0)
    pairs = list(pairwise(sizes))
    return Network(
        tuple(
            Layer(
                rng.choice([0, 0.5, -1.5, 2], (o, i)).astype(np.float32),
                rng.normal(size=o).astype(np.float32),
                relu=k < len(pairs) - 1,
            )
            for k, (i, o) in enumerate(pairs)
        ),
        **kwargs,
    )


def arrays(**change):
    base = {
        "weight_0": np.ones((4, 5), np.float32),
        "bias_0": np.zeros(4, np.float32),
        "weight_1": np.ones((3, 4), np.float32),
        "bias_1": np.zeros(3, np.float32),
        **change,
    }
    return {key: value for key, value in base.items() if value is not None}


def write(path, values):
    if path.suffix == ".npz":
        np.savez(path, **values)
    else:
        save_file(values, path)
    return path


def same(a, b):
    return a.sizes == b.sizes and all(
        np.array_equal(x.weight, y.weight)
        and np.array_equal(x.bias, y.bias)
        and (x.relu, x.linear_rows) == (y.relu, y.linear_rows)
        for x, y in zip(a.layers, b.layers, strict=True)
    )


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("inputs", [None, np.ones((2, 5), np.float32)])
def test_round_trip(tmp_path, suffix, compact, inputs):
    written = network(inputs=inputs)
    path = tmp_path / f"n{suffix}"
    written.save(path, compact=compact)
    found = Network.load(path)
    assert same(found, written)
    assert (found.inputs is None) == (inputs is None)
    assert inputs is None or np.array_equal(found.inputs, inputs)


def test_forward_equals_torch():
    net, x = network((7, 6, 5, 2)), torch.randn(9, 7)
    expected = x
    for k, layer in enumerate(net.layers):
        expected = torch.nn.functional.linear(
            expected, torch.tensor(layer.weight), torch.tensor(layer.bias)
        )
        expected = torch.relu(expected) if k < 2 else expected
    assert torch.allclose(net.forward(x), expected)
    assert torch.equal(net.activations(x)[-1], net.forward(x))


def mixed(*relu):
    """A network whose layers have ReLU as said: all (True), none (False), or from a row on."""
    layers = network(sizes=(5, 4, 3, 2)).layers
    return Network(
        tuple(
            Layer(layer.weight, layer.bias, rows is not False, 0 if rows is True else int(rows))
            for layer, rows in zip(layers, relu, strict=True)
        )
    )


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("relu", [(2, 1, False), (False, True, True), (3, False, 1)])
def test_round_trip_of_relu_on_some_rows(tmp_path, suffix, relu):
    written = mixed(*relu)
    path = tmp_path / f"n{suffix}"
    written.save(path, compact=True)
    assert same(Network.load(path), written)


def test_plain_chains_have_no_further_keys(tmp_path):
    network().save(tmp_path / "n.npz")
    assert not [key for key in np.load(tmp_path / "n.npz") if key.startswith("linear_rows")]


def test_linear_rows_skip_relu():
    net, x = mixed(3, False, 1), torch.randn(50, 5)
    for before, layer, after in zip(
        [x, *net.activations(x)], net.layers, net.activations(x), strict=False
    ):
        plain = before @ torch.tensor(layer.weight).T + torch.tensor(layer.bias)
        for row in range(len(layer.bias)):
            skips = not layer.relu or row < layer.linear_rows
            assert torch.equal(after[:, row], plain[:, row] if skips else plain[:, row].relu())
        assert layer.linear == (layer.linear_rows if layer.relu else len(layer.bias))


@pytest.mark.parametrize(
    ("relu", "rows", "message"),
    [
        (True, 4, "linear_rows of layer 0 must be from 0 to 3, not 4"),
        (True, -1, "linear_rows of layer 0 must be from 0 to 3, not -1"),
        (False, 1, "layer 0 has linear_rows 1 but no ReLU"),
    ],
)
def test_refuses_other_linear_rows(relu, rows, message):
    with pytest.raises(NetworkError, match=message):
        Network((Layer(np.ones((4, 5)), np.zeros(4), relu, rows),))


@pytest.mark.parametrize("value", [np.int64(2), np.array([2], np.uint8)])
def test_linear_rows_of_a_file(value):
    layers = Network.from_arrays(arrays(linear_rows_0=np.asarray(value))).layers
    assert [(layer.relu, layer.linear_rows) for layer in layers] == [(True, 2), (False, 0)]


@pytest.mark.parametrize("key", ["inputs", "features"])
def test_rows_and_other_keys(tmp_path, key):
    rows = np.arange(10, dtype=np.uint8).reshape(2, 5)
    path = write(tmp_path / "n.npz", arrays(**{key: rows, "latency": np.zeros(2)}))
    assert Network.load(path).inputs.tolist() == rows.tolist()


def test_compact_keys_are_the_codebook_of_the_weights():
    codebook, index = layer_codebook(Layer(np.array([[3, 0], [-1, 3]], np.float32), [0, 0], True))
    assert codebook.tolist() == [0, -1, 3, *[0] * 13]
    assert index.tolist() == [[2, 0], [1, 2]]


def test_codebook_of_fifteen_values_and_not_sixteen():
    weight = np.arange(16, dtype=np.float32).reshape(2, 8)
    codebook, index = layer_codebook(Layer(weight, np.zeros(2), True))
    assert np.array_equal(codebook[index], weight)
    with pytest.raises(NetworkError, match="has 16 distinct non-zero weights"):
        layer_codebook(Layer(weight + 1, np.zeros(2), True))


nan = np.full((4, 5), 1.0, np.float32)
nan[2, 3] = np.nan
infinite = np.array([0, np.inf, 0, 0], np.float32)
compact = {"weight_0": None, "codebook_0": np.arange(16.0, dtype=np.float32)}


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bias_1": None}, "bias_1 is missing"),
        ({"weight_1": None}, "weight_1 is missing"),
        ({"weight_0": None}, "weight_0 is missing"),
        ({"bias_4000000000": np.zeros(1)}, "bias_2 is missing"),
        ({"bias_0": np.zeros(5)}, r"bias_0 must be \(4,\) to go with weight_0 \(4, 5\), not \(5,"),
        (
            {"weight_1": np.ones((3, 6))},
            r"weight_0 \(4, 5\) has 4 outputs, but weight_1 \(3, 6\) takes 6 inputs",
        ),
        ({"weight_0": np.ones(5)}, r"weight_0 must have 2 dimensions, none of them 0, not \(5,\)"),
        ({"weight_0": np.ones((4, 0))}, r"weight_0 must have 2 dimensions.* not \(4, 0\)"),
        ({"bias_0": np.zeros((4, 1))}, r"bias_0 must have 1 dimensions.* not \(4, 1\)"),
        ({"linear_rows_0": np.array([5])}, "linear_rows_0 must be from 0 to 4, not 5"),
        ({"linear_rows_0": np.array([-1])}, "linear_rows_0 must be from 0 to 4, not -1"),
        ({"linear_rows_0": np.ones(1)}, r"linear_rows_0 must be one integer, not float64 \(1,\)"),
        ({"linear_rows_1": np.ones(2, int)}, r"linear_rows_1 must be one integer, not int64 \(2,"),
        ({"linear_rows_2": np.array([0])}, "bias_2 is missing"),
        ({"weight_0": nan}, r"weight_0 must be finite in float32, but holds nan at \[2, 3\]"),
        ({"bias_0": infinite}, r"bias_0 must be finite in float32, but holds inf at \[1\]"),
        ({"weight_0": np.full((4, 5), 1e300)}, "weight_0 must be finite .* holds 1e.300 at"),
        ({"weight_0": np.ones((4, 5), bool)}, "weight_0 must hold numbers, not bool"),
        ({"inputs": np.ones((2, 4))}, r"inputs must be \(n, 5\), not \(2, 4\)"),
        ({"inputs": np.full((2, 5), np.nan)}, "inputs must be finite"),
        ({"features": np.ones(5)}, "inputs must have 2 dimensions"),
        (compact, "index_0 is missing"),
        ({"weight_0": None, "index_0": np.zeros((4, 5), np.uint8)}, "codebook_0 is missing"),
        ({"index_0": np.zeros((4, 5), np.uint8)}, "layer 0 has both weight_0 and codebook_0"),
        ({**compact, "index_0": np.zeros((4, 5))}, "index_0 must be uint8 .* not float64"),
        (
            {**compact, "index_0": np.full((4, 5), 16, np.uint8)},
            "index_0 must be from 0 to 15, but holds 16",
        ),
        (
            {**compact, "index_0": np.zeros((4, 5), np.uint8), "codebook_0": np.ones(16)},
            "codebook_0 must hold 16 values, the first of them 0",
        ),
    ],
)
def test_refusals_name_file_key_and_shapes(tmp_path, suffix, change, message):
    path = write(tmp_path / f"bad{suffix}", arrays(**change))
    with pytest.raises(NetworkError, match=rf"bad\{suffix}: {message}"):
        Network.load(path)


def test_no_layers(tmp_path):
    path = write(tmp_path / "n.npz", {"w": np.ones(1)})
    with pytest.raises(NetworkError, match=r"no weight_0 among the keys \['w'\]"):
        Network.load(path)
    with pytest.raises(NetworkError, match="a network needs at least one layer"):
        Network(())


class Trap:
    """Unpickling it would fail the test."""

    def __reduce__(self):
        return (pytest.fail, ("the file was unpickled",))


def test_pickles_are_refused(tmp_path):
    inside = tmp_path / "inside.npz"
    np.savez(inside, weight_0=np.array([Trap()], object), bias_0=np.zeros(1))
    bare = tmp_path / "bare.npz"
    with bare.open("wb") as file:
        np.save(file, np.array([Trap()], object))
    for path in (inside, bare):
        with pytest.raises(NetworkError, match=f"{path.name}: cannot be read"):
            Network.load(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [("n.npz", b"PK\x03\x04 no"), ("n.safetensors", b"\xff" * 20), ("n.npz", b""), ("n.pt", b"")],
)
def test_damaged_and_foreign_files(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(NetworkError, match=f"{name}: cannot be read"):
        Network.load(path)


def test_every_truncation_of_a_file_is_refused(tmp_path):
    for suffix in (".npz", ".safetensors"):
        path = tmp_path / f"n{suffix}"
        network().save(path)
        whole = path.read_bytes()
        for length in range(0, len(whole), 7):
            path.write_bytes(whole[:length])
            with pytest.raises(NetworkError):
                Network.load(path)


def test_missing_file_and_suffix(tmp_path):
    with pytest.raises(NetworkError, match="No such file"):
        Network.load(tmp_path / "none.npz")
    with pytest.raises(NetworkError, match=r"is \.safetensors or \.npz, not '\.bin'"):
        network().save(tmp_path / "n.bin")
