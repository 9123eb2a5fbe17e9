"""Frames of a streaming network byte by byte against the written format, and results back."""

import struct
import zlib

import numpy as np
import pytest

from hw.cnn.format import CUT_RESULT, fingerprint, memories
from sw.dataflow.frame import image_frames, network_frame, results
from tests.hw.cnn.pipelines import PIPELINES

BLOCK = PIPELINES["block"]


def chunks_for(config, seed=0):
    """Weights and parameters at random, by node."""
    rng = np.random.default_rng(seed)
    chunks = {"WEIGHTS": {}, "PARAMETERS": {}}
    for memory in memories(config):
        values = rng.integers(1 << 64, size=memory.chunks, dtype=np.uint64)
        chunks[memory.kind.name][config.nodes[memory.unit].name] = values
    return chunks["WEIGHTS"], chunks["PARAMETERS"]


def test_network_frame():
    weights, parameters = chunks_for(BLOCK)
    words = network_frame(BLOCK, weights, parameters)
    assert words.dtype == np.uint64
    data, at, sections = words.astype("<u8").tobytes(), 0, []
    while at < len(data):
        kind, unit, address, length = struct.unpack("<BB3s3s", data[at : at + 8])
        assert address == bytes(3)
        end = at + 8 + 8 * int.from_bytes(length, "little")
        assert struct.unpack("<II", data[end : end + 8]) == (zlib.crc32(data[at:end]), 0)
        sections.append((kind, unit, data[at + 8 : end]))
        at = end + 8
    assert at == len(data)
    magic, version, count, mark, units, *reserved = struct.unpack("<4sHHQHHI", sections[0][2])
    assert sections[0][:2] == (1, 0)
    assert (magic, version, count, units, reserved) == (b"KILN", 1, 9, 6, [0, 0])
    assert mark == fingerprint(BLOCK)
    expected = [
        (2, 0, weights["stem"]),
        (3, 0, parameters["stem"]),
        (2, 2, weights["long"]),
        (3, 2, parameters["long"]),
        (3, 3, parameters["sum"]),
        (3, 4, parameters["mean"]),
        (2, 5, weights["linear"]),
        (3, 5, parameters["linear"]),
    ]
    assert sections[1:] == [
        (kind, unit, values.astype("<u8").tobytes()) for kind, unit, values in expected
    ]


def test_network_frame_refuses_other_nodes():
    weights, parameters = chunks_for(BLOCK)
    names = r"\['linear', 'long', 'stem'\]"
    with pytest.raises(ValueError, match=f"^weights must be of {names}, not of {names[:-2]}, 'x'"):
        network_frame(BLOCK, weights | {"x": weights["stem"]}, parameters)
    del parameters["sum"]
    with pytest.raises(ValueError, match=r"^parameters must be of .* not of .*'mean', 'stem'\]$"):
        network_frame(BLOCK, weights, parameters)


@pytest.mark.parametrize(
    ("chunks", "found"),
    [
        (np.zeros(8, np.uint64), r"uint64 \(8,\)"),
        (np.zeros(10, np.uint64), r"uint64 \(10,\)"),
        (np.zeros(9, np.int64), r"int64 \(9,\)"),
        (np.zeros((9, 1), np.uint64), r"uint64 \(9, 1\)"),
    ],
)
def test_network_frame_refuses_other_sizes(chunks, found):
    weights, parameters = chunks_for(BLOCK)
    with pytest.raises(ValueError, match=rf"^weights of stem must be uint64 \(9,\), not {found}$"):
        network_frame(BLOCK, weights | {"stem": chunks}, parameters)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 4), (3, 5, 5), (2, 2, 2)])
def test_image_frames(shape):
    pixels = np.random.default_rng(1).integers(256, size=(4, *shape), dtype=np.uint8)
    frames = image_frames(pixels)
    channels, height, width = shape
    assert frames.dtype == np.uint64
    assert frames.shape == (4, -(-channels * height * width // 8))
    for image, frame in zip(pixels, frames, strict=True):
        order = [
            image[channel, row, column]
            for row in range(height)
            for column in range(width)
            for channel in range(channels)
        ]
        assert frame.astype("<u8").tobytes() == bytes(order) + bytes(-len(order) % 8)


def test_no_image_frames():
    assert image_frames(np.zeros((0, 3, 2, 4), np.uint8)).shape == (0, 3)


@pytest.mark.parametrize("pixels", [np.zeros((1, 2, 2), np.uint8), np.zeros((1, 1, 2, 2), int)])
def test_image_frames_refuse_other_arrays(pixels):
    with pytest.raises(TypeError, match=r"^pixels must be uint8 \(n, channels, height, width\)"):
        image_frames(pixels)


@pytest.mark.parametrize(
    ("words", "classes", "logits", "places"),
    [
        ([[0xFFFF_FFFF, 0]], 1, [[-1]], [0]),
        ([[0x8000_0000_7FFF_FFFF, 0]], 2, [[2**31 - 1, -(2**31)]], [0]),
        ([[1 | 2 << 32, 3, 2], [5, 4, 0]], 3, [[1, 2, 3], [5, 0, 4]], [2, 0]),
    ],
)
def test_results(words, classes, logits, places):
    found, place = results(np.array(words, np.uint64), classes)
    assert (found.dtype, place.dtype) == (np.int32, np.int64)
    assert (found.tolist(), place.tolist()) == (logits, places)


@pytest.mark.parametrize(
    ("words", "classes", "message"),
    [
        ([[1, 2, 0]], 2, r"^results of 2 classes are \(n, 2\) words, not \(1, 3\)$"),
        ([1, 0], 2, r"^results of 2 classes are \(n, 2\) words, not \(2,\)$"),
        ([[1 << 32, 0]], 1, r"^the half word after the last logit is not zero$"),
        ([[1, 0], [1, 2]], 2, r"^there is no class 2$"),
        ([[1, CUT_RESULT]], 2, rf"^there is no class {CUT_RESULT}$"),
    ],
)
def test_results_refuse(words, classes, message):
    with pytest.raises(ValueError, match=message):
        results(np.array(words, np.uint64), classes)
