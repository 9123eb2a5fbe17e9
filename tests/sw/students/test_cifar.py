"""CIFAR-10 files, made small: official python and binary ones, and packs of JPEGs."""

import hashlib
import io
import os
import pickle

import numpy as np
import pytest
from PIL import Image

from sw.students import cifar
from sw.students.cifar import DataError, cifar10

FILES = tuple(cifar._DIGESTS)
EACH = 40


@pytest.fixture
def drawn(monkeypatch):
    """Images and labels of each of the six files, ten times smaller than usual."""
    monkeypatch.setattr(cifar, "_IMAGES_PER_FILE", EACH)
    monkeypatch.setattr(cifar, "VALIDATION_IMAGES", 20)
    rng = np.random.default_rng(1)
    return {
        name: (rng.integers(0, 256, (EACH, 3, 32, 32), np.uint8), np.arange(EACH) % 10)
        for name in FILES
    }


def write_python(folder, drawn, monkeypatch):
    place = folder / "cifar-10-batches-py"
    place.mkdir()
    digests = {}
    for name, (pixels, labels) in drawn.items():
        batch = {b"data": pixels.reshape(EACH, -1), b"labels": labels.tolist()}
        content = pickle.dumps(batch)
        (place / name).write_bytes(content)
        digests[name] = hashlib.md5(content).hexdigest()
    monkeypatch.setattr(cifar, "_DIGESTS", digests)
    return place


def write_binary(folder, drawn):
    place = folder / "cifar-10-batches-bin"
    place.mkdir()
    for name, (pixels, labels) in drawn.items():
        rows = np.concatenate([labels[:, None].astype(np.uint8), pixels.reshape(EACH, -1)], axis=1)
        (place / f"{name}.bin").write_bytes(rows.tobytes())
    return place


def check(split, drawn):
    assert (len(split.train), len(split.validation), len(split.test)) == (180, 20, 40)
    assert np.array_equal(split.test.pixels, drawn["test_batch"][0])
    known = {pixels.tobytes() for pixels in np.concatenate([drawn[f][0] for f in FILES[:-1]])}
    mine = [image.tobytes() for part in (split.train, split.validation) for image in part.pixels]
    assert set(mine) == known and len(mine) == len(known)
    assert np.bincount(split.validation.labels).tolist() == [2] * 10
    assert split.train.frac == 8 and len(split.classes) == 10


def test_python_files(tmp_path, drawn, monkeypatch):
    place = write_python(tmp_path, drawn, monkeypatch)
    check(cifar10(tmp_path), drawn)
    monkeypatch.setenv(cifar.ROOT_VARIABLE, str(place))
    split = cifar10()
    check(split, drawn)
    assert "official files (cifar-10-batches-py)" in split.data


def test_binary_files(tmp_path, drawn):
    write_binary(tmp_path, drawn)
    check(cifar10(tmp_path), drawn)


def test_a_changed_file(tmp_path, drawn, monkeypatch):
    place = write_python(tmp_path, drawn, monkeypatch)
    path = place / "data_batch_3"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DataError, match="data_batch_3: is not the official file: its MD5 is"):
        cifar10(tmp_path)


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


def test_a_pickle_that_would_run_something(tmp_path, drawn, monkeypatch):
    place = write_python(tmp_path, drawn, monkeypatch)
    content = pickle.dumps({b"data": Evil()})
    (place / "data_batch_1").write_bytes(content)
    digests = cifar._DIGESTS | {"data_batch_1": hashlib.md5(content).hexdigest()}
    monkeypatch.setattr(cifar, "_DIGESTS", digests)
    with pytest.raises(DataError, match=r"data_batch_1: cannot be read: .*system is not allowed"):
        cifar10(tmp_path)


def test_a_short_binary_file(tmp_path, drawn):
    path = write_binary(tmp_path, drawn) / "test_batch.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"test_batch\.bin: has 122,919 bytes, not the 122,920"):
        cifar10(tmp_path)


def test_a_label_beyond_the_classes(tmp_path, drawn):
    path = write_binary(tmp_path, drawn) / "data_batch_1.bin"
    content = bytearray(path.read_bytes())
    content[0] = 10
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"data_batch_1\.bin: has the label 10"):
        cifar10(tmp_path)


def test_a_missing_file(tmp_path, drawn):
    (write_binary(tmp_path, drawn) / "data_batch_2.bin").unlink()
    with pytest.raises(DataError, match=r"data_batch_2\.bin: cannot be read: No such file"):
        cifar10(tmp_path)


def test_nothing_given(monkeypatch, tmp_path):
    monkeypatch.delenv(cifar.ROOT_VARIABLE, raising=False)
    with pytest.raises(DataError, match="CIFAR-10 is needed: let CIFAR10_ROOT name a folder"):
        cifar10()
    with pytest.raises(DataError, match="has neither cifar-10-batches-py nor"):
        cifar10(tmp_path)


def jpegs(n, seed):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        buffer = io.BytesIO()
        pixels = np.full((32, 32, 3), rng.integers(0, 256, 3), np.uint8)
        Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
        found.append(buffer.getvalue())
    return found


def write_pack(path, **changes):
    arrays = {}
    for part, n in (("train", 200), ("test", 30)):
        images = jpegs(n, n)
        arrays[f"{part}_jpeg"] = np.frombuffer(b"".join(images), np.uint8)
        arrays[f"{part}_offset"] = np.cumsum([0, *map(len, images)])
        arrays[f"{part}_label"] = (np.arange(n) % 10).astype(np.uint8)
    arrays |= changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return arrays


def test_a_pack_of_jpegs(tmp_path, drawn):
    path = tmp_path / "pack.npz"
    arrays = write_pack(path)
    split = cifar10(path)
    assert (len(split.train), len(split.validation), len(split.test)) == (180, 20, 30)
    first = arrays["test_jpeg"][: arrays["test_offset"][1]].tobytes()
    wanted = np.asarray(Image.open(io.BytesIO(first))).transpose(2, 0, 1)
    assert np.array_equal(split.test.pixels[0], wanted)
    assert "JPEG, which loses a little" in split.data


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test_label": None}, "test_label is missing"),
        ({"test_offset": np.arange(5)}, "test_offset does not fit test_jpeg and test_label"),
        ({"test_jpeg": np.zeros(10**6, np.uint8)}, "image 0 of test is damaged"),
    ],
)
def test_a_damaged_pack(tmp_path, drawn, changes, message):
    path = tmp_path / "pack.npz"
    write_pack(path, **changes)
    with pytest.raises(DataError, match=message):
        cifar10(path)


def test_a_pack_cut_off(tmp_path, drawn):
    path = tmp_path / "pack.npz"
    write_pack(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"pack\.npz: cannot be read: "):
        cifar10(path)
