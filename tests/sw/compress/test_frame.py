"""Stream frames word by word against the written format, and back."""

import struct
import zlib

import numpy as np
import pytest

from hw.bus.layout import unpack
from hw.eie.config import PRESETS
from hw.eie.format import PASS, SectionKind
from sw.compress.frame import (
    activation_frame,
    activation_frames,
    parse_frame,
    program_frame,
    program_sections,
    results_from_words,
)
from sw.compress.layout import build_program
from sw.compress.random import random_quantised
from sw.frame import Section, sections_to_words


@pytest.fixture(scope="module")
def program():
    network = random_quantised(np.random.default_rng(1), [9, 21, 3], 0.5, shift=[7, 31])
    return build_program(network, PRESETS["tiny"])


def split(words):
    """(kind, pe, address, payload) of every section, each CRC checked, by struct and zlib alone."""
    data, at, sections = words.astype("<u8").tobytes(), 0, []
    while at < len(data):
        kind, pe, address, length = struct.unpack("<BB3s3s", data[at : at + 8])
        end = at + 8 + 8 * int.from_bytes(length, "little")
        crc, high = struct.unpack("<II", data[end : end + 8])
        assert crc == zlib.crc32(data[at:end])
        assert high == 0
        sections.append((kind, pe, int.from_bytes(address, "little"), data[at + 8 : end]))
        at = end + 8
    assert at == len(data)
    return sections


def test_sections_in_order(program):
    sections = split(program_frame(program))
    assert [(kind, pe, address) for kind, pe, address, _ in sections] == [
        (1, 0, 0),
        (2, 0, 0),
        *[(kind, pe, 0) for pe in range(4) for kind in (3, 4)],
    ]
    for pe in range(4):
        pointers, spmat = sections[2 + 2 * pe][3], sections[3 + 2 * pe][3]
        need = program.pointers.shape[1]
        assert np.frombuffer(pointers, "<u2")[:need].tolist() == program.pointers[pe].tolist()
        assert len(pointers) == 8 * -(-need // 4)
        assert not any(pointers[2 * need :])
        assert spmat == program.spmat[pe].astype("<u8").tobytes()


def test_network_section(program):
    payload = split(program_frame(program))[0][3]
    assert len(payload) == 32
    magic, version, sections, n_pe, file_depth, passes, in_sram = struct.unpack(
        "<4s6H", payload[:16]
    )
    assert (magic, version, sections) == (b"KILN", 2, 10)
    assert (n_pe, file_depth, passes, in_sram) == (4, 16, 2, 0)
    rest = struct.unpack("<4H2hI", payload[16:])
    assert rest == (9, 3, 0, program.out_base, -32768, 32767, 0)


def test_pass_table(program):
    payload = split(program_frame(program))[1][3]
    for k, descriptor in enumerate(program.passes):
        fields = unpack(PASS, int.from_bytes(payload[24 * k : 24 * k + 24], "little"))
        assert fields == {name: getattr(descriptor, name) for name, _ in PASS}
    first = int.from_bytes(payload[:16], "little")
    assert first >> 56 & 31 == 7  # shift
    assert first >> 64 & 0xFFFF == 9  # columns
    assert first >> 112 & 0xFF == 6  # bias_rows


def test_parse_gives_back(program):
    fields, passes, sections = parse_frame(program_frame(program))
    assert tuple(passes) == program.passes
    names = ("inputs", "outputs", "in_sram", "in_base", "out_base", "in_min", "in_max")
    assert {name: fields[name] for name in names} == {
        name: getattr(program, name) for name in names
    }
    assert [section.kind for section in sections] == [SectionKind.POINTERS, SectionKind.SPMAT] * 4
    again = sections_to_words([*program_sections(program)[:2], *sections])
    assert again.tolist() == program_frame(program).tolist()


def test_parse_detects_every_corrupt_word(program):
    frame = program_frame(program)
    for word in range(len(frame)):
        corrupt = frame.copy()
        corrupt[word] ^= np.uint64(1 << (word % 64))
        with pytest.raises(ValueError):
            parse_frame(corrupt)


@pytest.mark.parametrize("cut", [1, 5])
def test_parse_detects_a_short_frame(program, cut):
    with pytest.raises(ValueError, match="ends after the frame"):
        parse_frame(program_frame(program)[:-cut])


def test_parse_names_an_unknown_kind(program):
    frame = sections_to_words([*program_sections(program), Section(9, np.zeros(1, np.uint64))])
    with pytest.raises(ValueError, match=f"section at word {len(frame) - 3}: no kind 9"):
        parse_frame(frame)


@pytest.mark.parametrize("n", [1, 3, 4, 5, 8, 110])
def test_activation_frames(n):
    rng = np.random.default_rng(n)
    inputs = rng.integers(-32768, 32768, (5, n)).astype(np.int16)
    frames = activation_frames(inputs)
    for values, frame in zip(inputs, frames, strict=True):
        [(kind, pe, address, payload)] = split(frame)
        assert (kind, pe, address) == (SectionKind.ACTIVATIONS, 0, 0)
        stored = np.frombuffer(payload, "<i2")
        assert stored[:n].tolist() == values.tolist()
        assert len(stored) == -(-n // 4) * 4
        assert not stored[n:].any()
        assert activation_frame(values).tolist() == frame.tolist()


def test_activation_frames_refuse_other_arrays():
    with pytest.raises(TypeError, match=r"inputs must be int16 \(batch, n\), not int64 \(1, 4\)"):
        activation_frames(np.zeros((1, 4), np.int64))


@pytest.mark.parametrize(
    ("words", "outputs", "expected"),
    [
        ([0xFFFF], 1, [-1]),
        ([0x8000_7FFF_0001_FFFE], 4, [-2, 1, 32767, -32768]),
        ([1 << 48, 5], 5, [0, 0, 0, 1, 5]),
        ([[7], [9]], 2, [[7, 0], [9, 0]]),
    ],
)
def test_results(words, outputs, expected):
    found = results_from_words(np.array(words, np.uint64), outputs)
    assert found.dtype == np.int16
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("words", "outputs", "message"),
    [
        ([1, 2], 4, r"4 outputs take 1 words, not \(2,\)"),
        ([1 << 16], 1, "the padding after the last output is not zero"),
    ],
)
def test_results_refuse(words, outputs, message):
    with pytest.raises(ValueError, match=message):
        results_from_words(np.array(words, np.uint64), outputs)
