"""
CIFAR-10 from files: the official python or binary ones, or a pack of JPEGs.

``CIFAR10_ROOT`` names the folder with ``cifar-10-batches-py`` or ``cifar-10-batches-bin`` (or that
folder itself), or a pack: a ``.npz`` with ``{train,test}_jpeg`` uint8 bytes,
``{train,test}_offset`` int64 (n + 1,) and ``{train,test}_label`` uint8 (n,), image i being the JPEG
at ``jpeg[offset[i]:offset[i + 1]]``.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw.students.images import Images, Split, stratified

__all__ = ["CLASSES", "ROOT_VARIABLE", "DataError", "cifar10"]

ROOT_VARIABLE = "CIFAR10_ROOT"
CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
VALIDATION_IMAGES, SEED = 5000, 2026
_FRAC = 8
_SIDE, _CHANNELS = 32, 3
_BYTES = _SIDE * _SIDE * _CHANNELS
_PYTHON, _BINARY = "cifar-10-batches-py", "cifar-10-batches-bin"
# MD5 of the official files.
_DIGESTS = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
_IMAGES_PER_FILE = 10_000


class DataError(RuntimeError):
    """Images are missing or damaged; the text says which file and what to do."""


def cifar10(root: str | Path | None = None) -> Split:
    """
    50,000 images to learn from, 5,000 of which are held out to choose by (stratified, fixed seed),
    and 10,000 to judge; 3 x 32 x 32, ``frac`` 8.

    ``root`` is as ``CIFAR10_ROOT``, which is taken without it. :class:`DataError` names what is
    missing or damaged.
    """
    given = root or os.environ.get(ROOT_VARIABLE)
    if not given:
        raise DataError(
            f"CIFAR-10 is needed: let {ROOT_VARIABLE} name a folder with {_PYTHON} or {_BINARY}, "
            "or a pack of JPEGs (.npz)"
        )
    path = Path(given)
    known, test, data = _read(path)
    shares = (1 - VALIDATION_IMAGES / len(known), VALIDATION_IMAGES / len(known))
    train, validation = (known.part(rows) for rows in stratified(known.labels, shares, SEED))
    return Split("cifar10", CLASSES, data, train, validation, test)


def _read(path: Path) -> tuple[Images, Images, str]:
    """Images to learn from, to judge, and where they come from."""
    if path.suffix == ".npz":
        return _pack(path)
    for folder, reader in ((_PYTHON, _python_file), (_BINARY, _binary_file)):
        for place in (path / folder, path):
            if place.name == folder and place.is_dir():
                names = list(_DIGESTS)
                suffix = "" if folder == _PYTHON else ".bin"
                parts = [reader(place / f"{name}{suffix}", name) for name in names]
                pixels, labels = zip(*parts, strict=True)
                train = Images(np.concatenate(pixels[:-1]), np.concatenate(labels[:-1]), _FRAC)
                test = Images(pixels[-1], labels[-1], _FRAC)
                content = "" if folder == _PYTHON else ", contents not checked"
                return train, test, f"CIFAR-10, the official files ({folder}{content})"
    raise DataError(
        f"{path} has neither {_PYTHON} nor {_BINARY}, and is no pack of JPEGs (.npz); "
        f"{ROOT_VARIABLE} must name one of them"
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


class _OnlyArrays(pickle.Unpickler):
    """Of all that a pickle can name, what an array is made of."""

    def find_class(self, module: str, name: str) -> Any:
        allowed = {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _python_file(path: Path, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    content = _content(path)
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if digest != _DIGESTS[name]:
        raise DataError(f"{path}: is not the official file: its MD5 is {digest}")
    try:
        found: Mapping[bytes, Any] = _OnlyArrays(io.BytesIO(content), encoding="bytes").load()
        pixels, labels = np.asarray(found[b"data"]), np.asarray(found[b"labels"], np.int64)
    except (pickle.UnpicklingError, KeyError, EOFError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    return pixels.reshape(-1, _CHANNELS, _SIDE, _SIDE).astype(np.uint8), labels


def _binary_file(path: Path, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """One byte of label and 3,072 of pixels an image, colour by colour."""
    content = np.frombuffer(_content(path), np.uint8)
    if content.size != _IMAGES_PER_FILE * (1 + _BYTES):
        raise DataError(
            f"{path}: has {content.size:,} bytes, not the {_IMAGES_PER_FILE * (1 + _BYTES):,} of "
            f"{_IMAGES_PER_FILE:,} images"
        )
    rows = content.reshape(-1, 1 + _BYTES)
    labels = rows[:, 0].astype(np.int64)
    if labels.max() >= len(CLASSES):
        raise DataError(f"{path}: has the label {labels.max()}; there are {len(CLASSES)} classes")
    return rows[:, 1:].reshape(-1, _CHANNELS, _SIDE, _SIDE).copy(), labels


def _pack(path: Path) -> tuple[Images, Images, str]:
    try:
        with np.load(path, allow_pickle=False) as pack:
            arrays = {name: pack[name] for name in pack.files}
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    parts = [_unpacked(path, arrays, part) for part in ("train", "test")]
    digest = hashlib.sha256(arrays["train_jpeg"].tobytes()).hexdigest()[:16]
    data = f"CIFAR-10 re-encoded as JPEG, which loses a little (pack {path.name}, {digest})"
    return parts[0], parts[1], data


def _unpacked(path: Path, arrays: Mapping[str, NDArray], part: str) -> Images:
    from PIL import Image, UnidentifiedImageError

    names = [f"{part}_{what}" for what in ("jpeg", "offset", "label")]
    for name in names:
        if name not in arrays:
            raise DataError(f"{path}: {name} is missing")
    jpeg, offset, label = (arrays[name] for name in names)
    if len(offset) != len(label) + 1 or (np.diff(offset) <= 0).any() or offset[-1] > len(jpeg):
        raise DataError(f"{path}: {names[1]} does not fit {names[0]} and {names[2]}")
    content = jpeg.tobytes()
    pixels = np.zeros((len(label), _SIDE, _SIDE, _CHANNELS), np.uint8)
    for k, (first, end) in enumerate(zip(offset[:-1].tolist(), offset[1:].tolist(), strict=True)):
        try:
            pixels[k] = np.asarray(Image.open(io.BytesIO(content[first:end])).convert("RGB"))
        except (UnidentifiedImageError, OSError, ValueError) as error:
            raise DataError(f"{path}: image {k} of {part} is damaged: {error}") from error
    return Images(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)), label.astype(np.int64), _FRAC)
