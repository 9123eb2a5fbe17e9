"""The image file: what is written is read, and nothing corrupt is."""

import json
import struct
import zlib

import numpy as np
import pytest

from hw.eie.config import PRESETS
from sw.compress.image import (
    IMAGE_MAGIC,
    IMAGE_VERSION,
    ImageError,
    image_bytes,
    program_from_bytes,
    read_image,
    write_image,
)
from sw.compress.layout import build_program
from sw.compress.random import random_quantised
from sw.compress.unprogram import quantised_from_program

PROVENANCE = {"network": "a", "rows": 3, "share": 0.5, "nested": {"list": [1, None, True]}}


@pytest.fixture(scope="module")
def network():
    return random_quantised(np.random.default_rng(1), [6, 11, 3], 0.5)


@pytest.fixture(scope="module")
def program(network):
    return build_program(network, PRESETS["tiny"], PROVENANCE)


@pytest.fixture(scope="module")
def blob(program):
    return image_bytes(program)


def rebuilt(blob, change, *, sections=None):
    """The image with its JSON header changed by ``change``, and its CRC-32 right again."""
    magic, version, length = struct.unpack_from("<8sII", blob)
    header = json.loads(blob[20 : 20 + length])
    change(header)
    text = json.dumps(header).encode()
    prefix = struct.pack("<8sII", magic, version, len(text))
    body = blob[20 + length :] if sections is None else sections
    return prefix + struct.pack("<I", zlib.crc32(prefix + text)) + text + body


def test_round_trip(tmp_path, network, program, blob):
    path = tmp_path / "deep" / "x.kiln"
    assert write_image(program, path) == len(blob)
    assert path.read_bytes() == blob
    found = read_image(path)
    assert found == program
    assert found.provenance == PROVENANCE
    assert quantised_from_program(found) == network


def test_round_trip_of_relu_on_some_rows():
    rng = np.random.default_rng(2)
    network = random_quantised(rng, [6, 23, 17, 3], 0.5, relu=[True, True, False], linear=4)
    assert [layer.linear_rows for layer in network.layers] == [16, 8, 0]
    found = program_from_bytes(image_bytes(build_program(network, PRESETS["tiny"])))
    assert quantised_from_program(found) == network


@pytest.mark.parametrize("preset", PRESETS)
def test_round_trip_of_presets(preset):
    network = random_quantised(np.random.default_rng(2), [60, 90, 7], 0.1)
    config = PRESETS[preset]
    program = build_program(network, config)
    assert program_from_bytes(image_bytes(program)) == program


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_any_corrupt_byte_is_detected(blob, flip):
    for at in range(len(blob)):
        corrupt = bytearray(blob)
        corrupt[at] ^= flip
        with pytest.raises(ImageError):
            program_from_bytes(bytes(corrupt))


def test_any_truncation_is_detected(blob):
    for length in range(len(blob)):
        with pytest.raises(ImageError):
            program_from_bytes(blob[:length])


@pytest.mark.parametrize("tail", [b"\0", b"KILN"])
def test_extension_is_detected(blob, tail):
    with pytest.raises(ImageError, match=f"{len(tail)} bytes follow the last section, from byte"):
        program_from_bytes(blob + tail)


def test_errors_name_file_and_place(tmp_path, blob):
    path = tmp_path / "x.kiln"
    path.write_bytes(blob[:-1] + bytes([blob[-1] ^ 1]))
    with pytest.raises(ImageError, match=r"x\.kiln: section 'spmat', bytes \d+ to \d+: CRC-32"):
        read_image(path)
    with pytest.raises(ImageError, match=r"none\.kiln: .*No such file"):
        read_image(tmp_path / "none.kiln")


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (0, b"PK", "bytes 0 to 7 are .* not the magic"),
        (8, struct.pack("<I", 1), "bytes 8 to 11: version 1, and this reads 2"),
        (12, struct.pack("<I", 1 << 31), "but its header goes to"),
        (12, struct.pack("<I", 9), "header, bytes 0 to 28: CRC-32"),
        (16, b"\0\0\0\0", "header, bytes 0 to .*: CRC-32"),
        (40, b"#", "header, bytes 0 to .*: CRC-32"),
    ],
)
def test_what_is_wrong_in_front(blob, at, value, message):
    with pytest.raises(ImageError, match=message):
        program_from_bytes(blob[:at] + value + blob[at + len(value) :])


@pytest.mark.parametrize("blob", [b"", b"KILN", b"\x80\x04pickle", IMAGE_MAGIC, IMAGE_MAGIC * 2])
def test_other_files(blob):
    with pytest.raises(ImageError):
        program_from_bytes(blob)


def test_bad_json():
    prefix = struct.pack("<8sII", IMAGE_MAGIC, IMAGE_VERSION, 7)
    text = b'{"a": 1'
    blob = prefix + struct.pack("<I", zlib.crc32(prefix + text)) + text
    with pytest.raises(ImageError, match="header, bytes 20 to 26: the whole: Invalid JSON"):
        program_from_bytes(blob)


def set_config(header, **change):
    header["config"].update(change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h.pop("inputs"), "inputs: Field required"),
        (lambda h: h.update(extra=1), "extra: Extra inputs are not permitted"),
        (lambda h: h.update(inputs="6"), "inputs: Input should be a valid integer"),
        (lambda h: h.update(in_min=-40000), "in_min: Input should be greater than"),
        (lambda h: h["layers"][0].update(rows=-1), "layers.0.rows: Input should be greater"),
        (lambda h: h["sections"].pop(), r"the sections are \['passes', 'pointers'\]"),
        (lambda h: h["sections"][0].update(dtype="|O"), r"section 'passes'.*\|O \[2, 3\] is not"),
        (lambda h: h["sections"][1].update(shape=[4, 9]), "section 'pointers'.* is not"),
        (lambda h: set_config(h, n_pe=3), "n_pe must be a power of two, not 3"),
        (lambda h: set_config(h, n_pe=8), r"pointers must be \(8, words\), not \(4, "),
        (lambda h: set_config(h, spmat_depth=8), "spmat_depth is 8"),
        (lambda h: set_config(h, lines=2), "unexpected keyword argument 'lines'"),
        (lambda h: set_config(h, lanes=3), "lanes must be one of 1, 2, 4, 8, not 3"),
        (
            lambda h: h["layers"][0].update(columns=7),
            "layer 0: its passes have 6 columns, not 1 x 7",
        ),
        (lambda h: h["layers"][0].update(rows=13), "layer 0: its passes have 3 rows per PE, not 4"),
        (lambda h: h["layers"][1].update(passes=2), "layer 1: its 2 passes from 1 on are not in"),
        (lambda h: h["layers"][1].update(frac_w=99), "shift must be frac_w"),
        (lambda h: h["layers"].pop(), "layers go from 6 to 11"),
        (lambda h: h.update(inputs=5), "layers go from 6 to 3"),
    ],
)
def test_sound_crc_but_unsound_contents(blob, change, message):
    with pytest.raises(ImageError, match=message):
        program_from_bytes(rebuilt(blob, change))
