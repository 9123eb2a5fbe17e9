"""
Stream frames of ``hw.eie.format``: what goes into the array over AXI4-Stream and what comes back.
Words are uint64, little endian.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw.bus.layout import FRAME_MAGIC, SECTION, unpack
from hw.eie.format import FRAME_VERSION, NETWORK, PASS_WORDS, SectionKind
from sw.compress.passes import PassDescriptor
from sw.compress.program import Program
from sw.frame import Section, layout_words, sections_to_words

__all__ = [
    "activation_frame",
    "activation_frames",
    "parse_frame",
    "program_frame",
    "program_sections",
    "results_from_words",
]

_PER_WORD = 4  # pointers or activations to a word


def _quads(values: NDArray) -> NDArray[np.uint64]:
    """16-bit values (..., n) four to a word, the first lowest, zero-padded: uint64 (..., words)."""
    length = -(-values.shape[-1] // _PER_WORD) * _PER_WORD
    padded = np.zeros((*values.shape[:-1], length), "<u2")
    padded[..., : values.shape[-1]] = values.astype(np.uint16)
    return padded.view("<u8").astype(np.uint64)


def program_sections(program: Program) -> list[Section]:
    """The sections of a program's frame: NETWORK, PASSES, then POINTERS and, where it has words,
    SPMAT of every PE."""
    n_pe = program.config.n_pe
    memories = []
    for pe, (pointers, spmat) in enumerate(
        zip(_quads(program.pointers), program.spmat, strict=True)
    ):
        memories.append(Section(SectionKind.POINTERS, pointers, pe))
        if len(spmat):
            memories.append(Section(SectionKind.SPMAT, spmat, pe))
    network = layout_words(
        NETWORK,
        {
            "magic": FRAME_MAGIC,
            "version": FRAME_VERSION,
            "sections": 2 + len(memories),
            "n_pe": n_pe,
            "file_depth": program.config.file_depth,
            "passes": len(program.passes),
            "in_sram": program.in_sram,
            "inputs": program.inputs,
            "outputs": program.outputs,
            "in_base": program.in_base,
            "out_base": program.out_base,
            "in_min": program.in_min & 0xFFFF,
            "in_max": program.in_max & 0xFFFF,
        },
    )
    descriptors = [word for descriptor in program.passes for word in descriptor.words]
    return [
        Section(SectionKind.NETWORK, network),
        Section(SectionKind.PASSES, np.array(descriptors, np.uint64)),
        *memories,
    ]


def program_frame(program: Program) -> NDArray[np.uint64]:
    """The words that load a program, uint64."""
    return sections_to_words(program_sections(program))


def activation_frames(inputs: NDArray[np.int16]) -> NDArray[np.uint64]:
    """Inputs int16 (batch, n) as activation frames, uint64 (batch, ceil(n / 4) + 2)."""
    if inputs.dtype != np.int16 or inputs.ndim != 2:
        raise TypeError(f"inputs must be int16 (batch, n), not {inputs.dtype} {inputs.shape}")
    payloads = _quads(inputs)
    frames = np.zeros((len(inputs), payloads.shape[1] + 2), np.uint64)
    for frame, payload in zip(frames, payloads, strict=True):
        frame[:] = Section(SectionKind.ACTIVATIONS, payload).words
    return frames


def activation_frame(inputs: NDArray[np.int16]) -> NDArray[np.uint64]:
    """Inputs int16 (n,) as one activation frame."""
    return activation_frames(inputs[None])[0]


def results_from_words(words: ArrayLike, outputs: int) -> NDArray[np.int16]:
    """Result words (..., ceil(outputs / 4)) as int16 (..., outputs). ``ValueError`` where the
    number of words is wrong or the padding of the last is not zero."""
    packed = np.ascontiguousarray(np.asarray(words, dtype=np.uint64).astype("<u8"))
    need = -(-outputs // _PER_WORD)
    if packed.shape[-1:] != (need,):
        raise ValueError(f"{outputs} outputs take {need} words, not {packed.shape[-1:]}")
    values = packed.view("<i2").astype(np.int16)
    if values[..., outputs:].any():
        raise ValueError("the padding after the last output is not zero")
    return values[..., :outputs]


def _sections(words: NDArray[np.uint64]) -> Iterator[Section]:
    at = 0
    while at < len(words):
        header = unpack(SECTION, int(words[at]))
        end = at + 1 + header["length"]
        if end >= len(words):
            raise ValueError(f"section at word {at} ends after the frame")
        crc = zlib.crc32(words[at:end].astype("<u8").tobytes())
        if int(words[end]) != crc:
            raise ValueError(f"section at word {at}: CRC-32 is {int(words[end]):#x}, not {crc:#x}")
        try:
            kind = SectionKind(header["kind"])
        except ValueError:
            raise ValueError(f"section at word {at}: no kind {header['kind']}") from None
        yield Section(kind, words[at + 1 : end], header["unit"], header["address"])
        at = end + 1


def parse_frame(
    words: NDArray[np.uint64],
) -> tuple[dict[str, int], list[PassDescriptor], list[Section]]:
    """A program frame's NETWORK fields (``in_min`` and ``in_max`` signed), passes, and the other
    sections. ``ValueError`` names the word at which a section is wrong."""
    network, passes, *rest = _sections(words)
    if (network.kind, passes.kind) != (SectionKind.NETWORK, SectionKind.PASSES):
        raise ValueError(f"a program frame starts with {network.kind!r}, {passes.kind!r}")
    fields = unpack(NETWORK, sum(int(word) << (64 * k) for k, word in enumerate(network.payload)))
    if (fields["magic"], fields["version"]) != (FRAME_MAGIC, FRAME_VERSION):
        raise ValueError(f"magic {fields['magic']:#x} version {fields['version']} is not ours")
    if fields["sections"] != 2 + len(rest):
        raise ValueError(f"{2 + len(rest)} sections, not {fields['sections']}")
    for name in ("in_min", "in_max"):
        fields[name] -= (fields[name] & 0x8000) << 1
    table = passes.payload.reshape(fields["passes"], PASS_WORDS)
    return fields, [PassDescriptor.from_words(row) for row in table], rest
