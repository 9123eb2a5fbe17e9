from dataclasses import replace

import numpy as np
import torch

from sw.compress.share import share_weights
from sw.compress.shared import SharedMlp, SharedNetwork


def example() -> SharedNetwork:
    rng = np.random.default_rng(4)
    weights = [rng.normal(size=s) * (rng.random(s) < 0.5) for s in ((8, 6), (5, 8), (2, 5))]
    pairs = [share_weights(w, k=6) for w in weights]
    biases = [rng.normal(size=len(w)).astype(np.float32) for w in weights]
    return SharedNetwork(tuple(p[0] for p in pairs), tuple(p[1] for p in pairs), tuple(biases))


def test_module_and_arrays_are_the_same_network() -> None:
    network = example()
    x = np.random.default_rng(0).normal(size=(10, 6)).astype(np.float32)
    a = x
    for k, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        a = a @ w.T + b
        a = np.maximum(a, 0) if k < 2 else a
    with torch.no_grad():
        got = SharedMlp(network)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(got, a, rtol=1e-5, atol=1e-6)


def test_there_and_back() -> None:
    network = example()
    back = SharedMlp(network).network()
    for a, b in zip(network.weights, back.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(network.indices, back.indices, strict=True):
        np.testing.assert_array_equal(a, b)


def test_held_values_do_not_train() -> None:
    plain = example()
    held = tuple((float(book[2]), float(book[4])) for book in plain.codebooks)
    network = replace(plain, held=held, linear=(3, 0, 2))
    student = SharedMlp(network)
    x = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
    student(x).square().sum().backward()
    optimizer = torch.optim.Adam(student.parameters(), lr=0.1)
    optimizer.step()
    after = student.network()
    assert (after.linear, after.held) == (network.linear, network.held)
    for before, now, index, values in zip(
        network.weights, after.weights, network.indices, held, strict=True
    ):
        still = np.isin(before, np.array(values, np.float32))
        np.testing.assert_array_equal(now[still], before[still])
        assert (now[~still & (index > 0)] != before[~still & (index > 0)]).any()


def test_a_shared_value_has_the_sum_of_its_weights_gradients() -> None:
    network = example()
    x = torch.randn(20, 6, generator=torch.Generator().manual_seed(1))
    student = SharedMlp(network)
    student(x).square().sum().backward()
    dense = [torch.tensor(w, requires_grad=True) for w in network.weights]
    a = x
    for k, (w, b) in enumerate(zip(dense, network.biases, strict=True)):
        a = a @ w.T + torch.from_numpy(b)
        a = torch.relu(a) if k < 2 else a
    a.square().sum().backward()
    for k, index in enumerate(network.indices):
        gradient, got = dense[k].grad, student.codebooks[k].grad
        assert gradient is not None and got is not None
        for entry in range(1, 16):
            expected = gradient.numpy()[index == entry].sum()
            np.testing.assert_allclose(got[entry - 1].item(), expected, rtol=1e-4, atol=1e-4)


def test_training_leaves_zeros_alone_and_keeps_codebooks_in_order() -> None:
    network = example()
    student = SharedMlp(network)
    with torch.no_grad():
        for book in student.codebooks:
            book.copy_(-book.flip(0) * 3)  # as if training had turned the order over
    after = student.network()
    for before, index, book in zip(network.indices, after.indices, after.codebooks, strict=True):
        assert np.array_equal(before == 0, index == 0)
        used = book[1 : 1 + np.count_nonzero(np.unique(index))]
        assert book[0] == 0 and (np.diff(used) > 0).all()
    for k, w in enumerate(after.weights):
        with torch.no_grad():
            np.testing.assert_array_equal(w, student._weight(k).numpy())
