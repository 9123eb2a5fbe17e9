"""
The program image: one file that holds a program, checked byte by byte when it is read.

Layout, little endian: 8 bytes of magic, version (32 bits), length of the header in bytes (32 bits),
CRC-32 of these 16 bytes and the header (32 bits), the header as JSON, then the raw sections one
after the other with nothing between or after. The header's table gives each section's type, shape,
length and CRC-32.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hw.eie.config import EieConfig
from hw.eie.format import PASS_WORDS
from sw.compress.passes import PassDescriptor
from sw.compress.program import LayerInfo, Program
from sw.compress.quantised import MAX_PLANES
from sw.compress.unprogram import quantised_from_program

__all__ = [
    "IMAGE_MAGIC",
    "IMAGE_VERSION",
    "ImageError",
    "ImageHeader",
    "image_bytes",
    "program_from_bytes",
    "read_image",
    "write_image",
]

IMAGE_MAGIC = b"KILNIMG\n"
IMAGE_VERSION = 2
_PREFIX = struct.Struct("<8sII")
_CRC = struct.Struct("<I")
_DTYPES = {"passes": "<u8", "pointers": "<u2", "spmat": "<u8"}

_Count = Annotated[int, Field(ge=0)]
_Int16 = Annotated[int, Field(ge=-(1 << 15), lt=1 << 15)]


class ImageError(ValueError):
    """A file that is not a sound program image; the text says what is wrong, and where."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SectionEntry(_Model):
    """A raw section: its name, NumPy type, shape, length in bytes and CRC-32."""

    name: Literal["passes", "pointers", "spmat"]
    dtype: str
    shape: list[_Count]
    length: _Count
    crc: _Count


class LayerEntry(_Model):
    """A layer, as ``sw.compress.program.LayerInfo``."""

    rows: _Count
    columns: _Count
    relu: bool
    shift: _Count
    frac_w: int
    frac_a_in: int
    frac_a_out: int
    planes: Annotated[int, Field(ge=1, le=MAX_PLANES)]
    first_pass: _Count
    passes: _Count
    entries: _Count
    padding: _Count
    load: list[_Count]
    linear_rows: _Count = 0


class ImageHeader(_Model):
    """The JSON header: configuration, network, layers, provenance, and the section table."""

    config: dict[str, int | bool]
    inputs: _Count
    outputs: _Count
    in_sram: Annotated[int, Field(ge=0, le=1)]
    in_base: _Count
    out_base: _Count
    in_min: _Int16
    in_max: _Int16
    layers: list[LayerEntry]
    provenance: dict[str, Any]
    sections: list[SectionEntry]


_NETWORK_FIELDS = ("inputs", "outputs", "in_sram", "in_base", "out_base", "in_min", "in_max")


def image_bytes(program: Program) -> bytes:
    """A program as the bytes of an image file. The same program gives the same bytes."""
    table = np.array([descriptor.words for descriptor in program.passes], np.uint64)
    arrays: dict[str, NDArray] = {
        "passes": table,
        "pointers": program.pointers,
        "spmat": program.spmat,
    }
    entries, payloads = [], []
    for name, dtype in _DTYPES.items():
        payload = arrays[name].astype(dtype).tobytes()
        payloads.append(payload)
        entries.append(
            SectionEntry(
                name=name,  # type: ignore[arg-type]
                dtype=dtype,
                shape=list(arrays[name].shape),
                length=len(payload),
                crc=zlib.crc32(payload),
            )
        )
    header = ImageHeader(
        config=asdict(program.config),
        **{name: getattr(program, name) for name in _NETWORK_FIELDS},
        layers=[
            LayerEntry(**{**asdict(layer), "load": list(layer.load)}) for layer in program.layers
        ],
        provenance=dict(program.provenance),
        sections=entries,
    )
    text = header.model_dump_json(exclude_defaults=True).encode()
    prefix = _PREFIX.pack(IMAGE_MAGIC, IMAGE_VERSION, len(text))
    crc = _CRC.pack(zlib.crc32(prefix + text))
    return b"".join([prefix, crc, text, *payloads])


def _header(blob: bytes) -> tuple[ImageHeader, int]:
    """The checked header, and where the sections start."""
    fixed = _PREFIX.size + _CRC.size
    if blob[: len(IMAGE_MAGIC)] != IMAGE_MAGIC:
        raise ImageError(
            f"bytes 0 to 7 are {blob[:8]!r}, not the magic {IMAGE_MAGIC!r}: not a program image"
        )
    if len(blob) < fixed:
        raise ImageError(f"ends after {len(blob)} bytes, before the header")
    _, version, length = _PREFIX.unpack_from(blob)
    if version != IMAGE_VERSION:
        raise ImageError(f"bytes 8 to 11: version {version}, and this reads {IMAGE_VERSION}")
    end = fixed + length
    if end > len(blob):
        raise ImageError(f"ends after {len(blob)} bytes, but its header goes to {end}")
    text = blob[fixed:end]
    (stored,) = _CRC.unpack_from(blob, _PREFIX.size)
    crc = zlib.crc32(blob[: _PREFIX.size] + text)
    if stored != crc:
        raise ImageError(
            f"header, bytes 0 to {end - 1}: CRC-32 is {stored:#010x}, its bytes give {crc:#010x}"
        )
    try:
        return ImageHeader.model_validate_json(text), end
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ImageError(f"header, bytes {fixed} to {end - 1}: {where}: {first['msg']}") from None


def _sections(blob: bytes, header: ImageHeader, at: int) -> dict[str, NDArray]:
    """The checked sections, read-only."""
    arrays: dict[str, NDArray] = {}
    names = [entry.name for entry in header.sections]
    if names != list(_DTYPES):
        raise ImageError(f"header: the sections are {names}, not {list(_DTYPES)}")
    for entry in header.sections:
        dtype = np.dtype(_DTYPES[entry.name])
        end = at + entry.length
        where = f"section {entry.name!r}, bytes {at} to {end - 1}"
        items = 1
        for size in entry.shape:
            items *= size
        if entry.dtype != dtype.str or items * dtype.itemsize != entry.length:
            raise ImageError(f"{where}: {entry.dtype} {entry.shape} is not {entry.length} bytes")
        if end > len(blob):
            raise ImageError(f"{where}: the file ends after {len(blob)} bytes")
        payload = blob[at:end]
        crc = zlib.crc32(payload)
        if crc != entry.crc:
            raise ImageError(
                f"{where}: CRC-32 should be {entry.crc:#010x}, its bytes give {crc:#010x}"
            )
        arrays[entry.name] = np.frombuffer(payload, dtype).reshape(entry.shape)
        at = end
    if at != len(blob):
        raise ImageError(f"{len(blob) - at} bytes follow the last section, from byte {at} on")
    return arrays


def program_from_bytes(blob: bytes) -> Program:
    """The program of an image. ``ImageError`` says what is wrong where: magic, version, header,
    lengths, CRC-32s, then contents that do not fit together."""
    header, at = _header(blob)
    arrays = _sections(blob, header, at)
    try:
        config = EieConfig(**header.config)  # type: ignore[arg-type]
        if arrays["passes"].shape[1:] != (PASS_WORDS,):
            raise ValueError(f"passes must be (n, {PASS_WORDS}), not {arrays['passes'].shape}")
        program = Program(
            config=config,
            passes=tuple(PassDescriptor.from_words(row) for row in arrays["passes"]),
            pointers=arrays["pointers"].astype(np.uint16),
            spmat=arrays["spmat"].astype(np.uint64),
            layers=tuple(
                LayerInfo(**{**layer.model_dump(), "load": tuple(layer.load)})
                for layer in header.layers
            ),
            **{name: getattr(header, name) for name in _NETWORK_FIELDS},
            provenance=header.provenance,
        )
        network = quantised_from_program(program)
        if (network.inputs, network.outputs) != (program.inputs, program.outputs):
            raise ValueError(f"layers go from {network.inputs} to {network.outputs}")
    except (ValueError, TypeError) as error:
        raise ImageError(f"contents do not fit together: {error}") from error
    return program


def write_image(program: Program, path: str | Path) -> int:
    """Write an image file; its size in bytes."""
    blob = image_bytes(program)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return Path(path).write_bytes(blob)


def read_image(path: str | Path) -> Program:
    """Read and check an image file. ``ImageError`` names the file and what is wrong where."""
    try:
        return program_from_bytes(Path(path).read_bytes())
    except (ImageError, OSError) as error:
        raise ImageError(f"{path}: {error}") from error
