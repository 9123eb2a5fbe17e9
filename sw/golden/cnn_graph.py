"""A convolutional network in integers: its nodes, and what each of them must fit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

__all__ = [
    "INPUT",
    "QAdd",
    "QConv",
    "QLinear",
    "QMaxPool",
    "QNode",
    "QPool",
    "QuantisedGraph",
    "QuantisedGraphError",
    "Range",
    "output_shape",
]

INPUT = "input"
"""Name of the image."""
MAX_SHIFT = 31
MAX_MULTIPLIER = (1 << 15) - 1
MAX_MULTIPLIED_SHIFT = 46
"""Behind a multiplier. An accumulator of 32 bits times a multiplier, with half of the last place,
takes 48 bits; those that nodes allow (see ``_check_sums``) take 47."""
_INT32 = (1 << 31) - 1


class QuantisedGraphError(ValueError):
    """A node that does not fit; the text names it."""


class Range(Enum):
    """What a node's output is clipped to."""

    U8 = "u8"
    """0 to 255, which is also the ReLU."""
    S16 = "s16"
    """-32768 to 32767: a summand of a block that keeps its skip."""


@dataclass(frozen=True, eq=False)
class QConv:
    """
    A convolution with as many zeros around as keep the size at stride 1.

    Parameters
    ----------
    name, source : str
    weight : int8 (out, in, k, k)
        k is 1 or 3.
    bias : int32 (out,)
        At the accumulator's scale.
    shift : int32 (out,)
        0 to 31, or to 46 with a multiplier.
    stride : int
        1 or 2.
    range : Range
    weight_bits : int
        8 or 4: how many bits a weight takes.
    frac : int or None
        Fraction bits of the output; None where its scale is no power of two.
    multiplier : int32 (out,) or None
        1 to 32767, of the accumulator before the shift; None is 1. Where networks come from
        elsewhere, scales need not be powers of two.
    """

    name: str
    source: str
    weight: Tensor
    bias: Tensor
    shift: Tensor
    stride: int
    range: Range
    weight_bits: int
    frac: int | None
    multiplier: Tensor | None = None

    def __post_init__(self) -> None:
        _check(self.name, "weight", self.weight, torch.int8, 4)
        outputs, _, height, width = self.weight.shape
        for name in ("bias", "shift", "multiplier"):
            array = getattr(self, name)
            if name == "multiplier" and array is None:
                continue
            _check(self.name, name, array, torch.int32, 1)
            if array.shape != (outputs,):
                raise QuantisedGraphError(f"{self.name}: {name} must be ({outputs},)")
        if height != width or height not in (1, 3):
            raise QuantisedGraphError(
                f"{self.name}: kernels must be 1 x 1 or 3 x 3, not {height} x {width}"
            )
        if self.stride not in (1, 2):
            raise QuantisedGraphError(f"{self.name}: stride must be 1 or 2, not {self.stride}")
        _check_scaling(self.name, self.shift, self.multiplier)
        _check_weights(self.name, self.weight, self.weight_bits)
        _check_sums(self.name, self.weight.flatten(1), self.bias)

    @property
    def sources(self) -> tuple[str, ...]:
        """What it reads."""
        return (self.source,)


@dataclass(frozen=True, eq=False)
class QAdd:
    """``clip((first + second * 2^lift + rounding) >> shift)`` to unsigned 8 bits. The first is
    signed 16 bits, the second too, or unsigned 8 bits where an identity is skipped."""

    name: str
    sources: tuple[str, str]
    lift: int
    shift: int
    frac: int | None

    def __post_init__(self) -> None:
        if not 0 <= self.lift <= 8 or not 0 <= self.shift <= 16:
            raise QuantisedGraphError(
                f"{self.name}: lift must be from 0 to 8 and shift from 0 to 16, not "
                f"{self.lift} and {self.shift}"
            )


@dataclass(frozen=True, eq=False)
class QPool:
    """The sum over height and width, shifted right by ``shift``, rounded and clipped to unsigned 8
    bits. Of ``2^n`` pixels it is their mean, with ``n - shift`` fraction bits more than they. With
    a ``multiplier``, 1 to 32767, of the sum before the shift, which then is 0 to 46, there may be
    any number of pixels."""

    name: str
    source: str
    shift: int
    frac: int | None
    multiplier: int | None = None

    def __post_init__(self) -> None:
        if self.multiplier is not None:
            _check_scaling(self.name, torch.tensor(self.shift), torch.tensor(self.multiplier))

    @property
    def sources(self) -> tuple[str, ...]:
        """What it reads."""
        return (self.source,)


@dataclass(frozen=True, eq=False)
class QMaxPool:
    """The largest of each ``size`` x ``size`` pixels, 2 or 3, that lie side by side: they neither
    overlap nor go beyond the edges. ``frac`` is its source's."""

    name: str
    source: str
    size: int
    frac: int | None

    def __post_init__(self) -> None:
        if self.size not in (2, 3):
            raise QuantisedGraphError(
                f"{self.name}: the largest is of 2 x 2 or 3 x 3 pixels, not "
                f"{self.size} x {self.size}"
            )

    @property
    def sources(self) -> tuple[str, ...]:
        """What it reads."""
        return (self.source,)


@dataclass(frozen=True, eq=False)
class QLinear:
    """Logits: ``weight`` int8 (out, in), ``bias`` int32 (out,), sums of 32 bits and no shift."""

    name: str
    source: str
    weight: Tensor
    bias: Tensor
    weight_bits: int
    frac: int | None

    def __post_init__(self) -> None:
        _check(self.name, "weight", self.weight, torch.int8, 2)
        _check(self.name, "bias", self.bias, torch.int32, 1)
        if self.bias.shape != self.weight.shape[:1]:
            raise QuantisedGraphError(f"{self.name}: bias must be ({len(self.weight)},)")
        _check_weights(self.name, self.weight, self.weight_bits)
        _check_sums(self.name, self.weight, self.bias)

    @property
    def sources(self) -> tuple[str, ...]:
        """What it reads."""
        return (self.source,)


QNode = QConv | QAdd | QPool | QMaxPool | QLinear


@dataclass(frozen=True, eq=False)
class QuantisedGraph:
    """
    Nodes in an order in which they can be computed; the last one gives the logits.

    Parameters
    ----------
    nodes : tuple of QNode
    shape : (int, int, int)
        Channels, height and width of the image, unsigned 8 bits, which is called ``input``.
    frac : int or None
        Fraction bits of the image; None where its scale is no power of two.

    ``QuantisedGraphError`` names the node that does not fit.
    """

    nodes: tuple[QNode, ...]
    shape: tuple[int, int, int]
    frac: int | None

    def __post_init__(self) -> None:
        shapes: dict[str, tuple[int, ...]] = {INPUT: self.shape}
        ranges = {INPUT: Range.U8}
        logits = {node.name for node in self.nodes if isinstance(node, QLinear)}
        for node in self.nodes:
            for source in node.sources:
                if source not in shapes:
                    raise QuantisedGraphError(
                        f"{node.name} reads {source!r}, which is not before it"
                    )
                if source in logits:
                    raise QuantisedGraphError(f"{node.name} reads {source!r}, which is logits")
            if node.name in shapes:
                raise QuantisedGraphError(f"there are two nodes called {node.name!r}")
            shapes[node.name] = output_shape(node, [shapes[source] for source in node.sources])
            ranges[node.name] = node.range if isinstance(node, QConv) else Range.U8
            first = ranges[node.sources[0]]
            wanted = Range.S16 if isinstance(node, QAdd) else Range.U8
            if first is not wanted:
                raise QuantisedGraphError(
                    f"{node.name} reads {node.sources[0]!r}, which is {first.value}, not "
                    f"{wanted.value}"
                )
        if not self.nodes or not isinstance(self.nodes[-1], QLinear):
            raise QuantisedGraphError("the last node must be linear")

    def readers(self) -> Counter[str]:
        """How often each tensor is read; the logits, that nothing reads, are not in it."""
        return Counter(source for node in self.nodes for source in node.sources)

    @property
    def has_skips(self) -> bool:
        """Whether any tensor is read more than once."""
        return any(count > 1 for count in self.readers().values())

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the image and of every node's output, without the batch."""
        found: dict[str, tuple[int, ...]] = {INPUT: self.shape}
        for node in self.nodes:
            found[node.name] = output_shape(node, [found[source] for source in node.sources])
        return found


def output_shape(node: QNode, inputs: list[tuple[int, ...]]) -> tuple[int, ...]:
    """Shape of a node's output without the batch; ``QuantisedGraphError`` names a node that does
    not fit the shapes of its inputs."""
    first = inputs[0]
    wanted = 1 if isinstance(node, QLinear) else 3
    if len(first) != wanted:
        raise QuantisedGraphError(f"{node.name} reads {node.sources[0]!r} of shape {first}")
    match node:
        case QConv() | QLinear():
            if first[0] != node.weight.shape[1]:
                raise QuantisedGraphError(
                    f"{node.name} takes {node.weight.shape[1]} channels, but {node.sources[0]!r} "
                    f"has {first[0]}"
                )
            if isinstance(node, QLinear):
                return (node.weight.shape[0],)
            sides = (-(-side // node.stride) for side in first[1:])
            return (node.weight.shape[0], *sides)
        case QAdd():
            if inputs[1] != first:
                raise QuantisedGraphError(f"{node.name} adds {first} and {inputs[1]}")
            return first
        case QPool():
            pixels = first[1] * first[2]
            if node.multiplier is not None:
                return first[:1]
            if pixels & (pixels - 1) or not 0 <= node.shift < pixels.bit_length():
                raise QuantisedGraphError(
                    f"{node.name}: the mean of {first[1]} x {first[2]} pixels needs a power of two "
                    f"of them, and a shift that is no larger, not {node.shift}"
                )
            return first[:1]
        case QMaxPool():
            if first[1] % node.size or first[2] % node.size:
                raise QuantisedGraphError(
                    f"{node.name}: {first[1]} x {first[2]} pixels do not divide into "
                    f"{node.size} x {node.size}"
                )
            return first[0], first[1] // node.size, first[2] // node.size


def _check(node: str, name: str, array: object, dtype: torch.dtype, ndim: int) -> None:
    kind = type(array).__name__
    if isinstance(array, Tensor):
        if array.dtype == dtype and array.ndim == ndim and array.numel():
            return
        kind = f"{array.dtype} {tuple(array.shape)}"
    raise QuantisedGraphError(f"{node}: {name} must be {dtype} of {ndim} dimensions, not {kind}")


def _check_scaling(node: str, shift: Tensor, multiplier: Tensor | None) -> None:
    most = MAX_SHIFT if multiplier is None else MAX_MULTIPLIED_SHIFT
    if int(shift.min()) < 0 or int(shift.max()) > most:
        raise QuantisedGraphError(f"{node}: shifts must be from 0 to {most}")
    if multiplier is None:
        return
    if int(multiplier.min()) < 1 or int(multiplier.max()) > MAX_MULTIPLIER:
        raise QuantisedGraphError(f"{node}: multipliers must be from 1 to {MAX_MULTIPLIER}")


def _check_weights(node: str, weight: Tensor, bits: int) -> None:
    if bits not in (4, 8):
        raise QuantisedGraphError(f"{node}: weights are of 4 or 8 bits, not {bits}")
    most = (1 << (bits - 1)) - 1
    if int(weight.min()) < -most - 1 or int(weight.max()) > most:
        raise QuantisedGraphError(f"{node}: a weight does not fit {bits} bits")


def _check_sums(node: str, weight: Tensor, bias: Tensor) -> None:
    """No accumulator may leave 32 bits, whatever comes in; half of the last place included."""
    largest = weight.long().abs().sum(dim=1) * 255 + bias.long().abs()
    if int(largest.max()) + (1 << (MAX_SHIFT - 1)) > _INT32:
        worst = int(largest.argmax())
        raise QuantisedGraphError(
            f"{node}: the accumulator of channel {worst} can reach {int(largest[worst])}, beyond "
            "32 bits with its rounding"
        )
