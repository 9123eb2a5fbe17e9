"""Parameters of a streaming convolutional network: its units, and how they are joined."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from amaranth.hdl import Shape, signed, unsigned

__all__ = [
    "CHUNK_BITS",
    "INPUT",
    "AddConfig",
    "AveragePoolConfig",
    "ConvConfig",
    "MaxPoolConfig",
    "Node",
    "Number",
    "PipelineConfig",
    "Skip",
    "SkipKind",
    "UnitConfig",
    "chunks_of",
]

INPUT = "input"
"""What nodes call the image."""
CHUNK_BITS = 64
"""Bits of a write that loads weights or parameters."""
ACCUMULATOR_BITS = 32
MAX_SHIFT = 31
MAX_SCALED_SHIFT = 46
SCALE_BITS = 15
"""Of a channel's multiplier, where it has one."""


def chunks_of(width: int) -> int:
    """Chunks of 64 bits that a word of weights or parameters takes: a power of two."""
    return 1 << (-(-width // CHUNK_BITS) - 1).bit_length()


class Number(Enum):
    """What a stream's channels are."""

    U8 = "u8"
    """An activation: unsigned 8 bits."""
    S16 = "s16"
    """A summand of a block that keeps its skip: signed 16 bits."""
    S32 = "s32"
    """A logit: signed 32 bits."""

    @property
    def shape(self) -> Shape:
        """As Amaranth has it."""
        return {Number.U8: unsigned(8), Number.S16: signed(16), Number.S32: signed(32)}[self]

    @property
    def bits(self) -> int:
        """Bits of a channel."""
        return self.shape.width


def _positive(config: object, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a positive integer, not {value!r}")


def _divides(config: object, part: str, whole: str) -> None:
    if getattr(config, whole) % getattr(config, part):
        raise ValueError(
            f"{part} must divide the {getattr(config, whole)} {whole}, not {getattr(config, part)}"
        )


@dataclass(frozen=True)
class ConvConfig:
    """
    A convolution with as many zeros around as keep the size at stride 1; a linear layer is one of
    1 x 1 on an image of one pixel, with outputs of 32 bits.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    height, width : int
        Of the input, even where ``stride`` is 2.
    kernel : int
        1 or 3.
    stride : int
        1, or 2 with a kernel of 3.
    simd : int
        Input channels in a cycle.
    pe : int
        Output channels in a cycle.
    lanes : int
        Channels in a beat of the output.
    weight_bits : int
        8 or 4.
    output : Number
        U8 is ReLU too; S32 are the sums as they are.
    scaled : bool
        Whether a channel has a multiplier before its shift.
    """

    inputs: int
    outputs: int
    height: int
    width: int
    kernel: int = 3
    stride: int = 1
    simd: int = 1
    pe: int = 1
    lanes: int = 1
    weight_bits: int = 8
    output: Number = Number.U8
    scaled: bool = False

    def __post_init__(self) -> None:
        _positive(self, "inputs", "outputs", "height", "width", "simd", "pe", "lanes")
        if self.kernel not in (1, 3):
            raise ValueError(f"kernel must be 1 or 3, not {self.kernel!r}")
        if self.stride not in (1, 2) or (self.stride == 2 and self.kernel == 1):
            raise ValueError(f"stride must be 1, or 2 with a kernel of 3, not {self.stride!r}")
        if self.kernel == 3 and min(self.height, self.width) < 2:
            raise ValueError(
                f"height and width must be at least 2 with a kernel of 3, not {self.height} and "
                f"{self.width}"
            )
        if self.height % self.stride or self.width % self.stride:
            raise ValueError(
                f"height and width must be even with a stride of 2, not {self.height} and "
                f"{self.width}"
            )
        if self.weight_bits not in (4, 8):
            raise ValueError(f"weight_bits must be 4 or 8, not {self.weight_bits!r}")
        if self.output is Number.S32 and self.scaled:
            raise ValueError("scaled must be false with outputs of 32 bits")
        _divides(self, "simd", "inputs")
        _divides(self, "pe", "outputs")
        _divides(self, "lanes", "pe")

    @property
    def out_height(self) -> int:
        """Rows of the output."""
        return self.height // self.stride

    @property
    def out_width(self) -> int:
        """Columns of the output."""
        return self.width // self.stride

    @property
    def groups(self) -> int:
        """Words of ``simd`` channels in a pixel."""
        return self.inputs // self.simd

    @property
    def folds(self) -> int:
        """Times that a pixel's window is read: for ``pe`` output channels each."""
        return self.outputs // self.pe

    @property
    def dot_beats(self) -> int:
        """Cycles of one dot product."""
        return self.kernel**2 * self.groups

    @property
    def cycles(self) -> int:
        """Cycles of a frame: the bound of its interval, unless its output takes longer."""
        return self.out_height * self.out_width * self.folds * max(self.dot_beats, self.drain_beats)

    @property
    def drain_beats(self) -> int:
        """Beats in which ``pe`` sums leave."""
        return self.pe // self.lanes

    @property
    def multipliers(self) -> int:
        """Of weights with activations, and of sums with their channel's scale."""
        return self.simd * self.pe + (self.lanes if self.scaled else 0)

    @property
    def ring_pixels(self) -> int:
        """Pixels that the line buffer holds: from the first of a window to the last of the next, so
        that the next one begins without a cycle between. At stride 2 that is three rows, where the
        next window begins a row."""
        if self.kernel == 1:
            return 2
        return (1 + self.stride) * self.width + 3 + self.stride

    @property
    def weight_word(self) -> int:
        """Bits of the weights that are used in one cycle."""
        return self.simd * self.pe * self.weight_bits

    @property
    def weight_words(self) -> int:
        """Words of weights: of a fold after the other, each by rows and columns of the kernel and
        then by groups of channels."""
        return self.folds * self.dot_beats

    @property
    def shift_bits(self) -> int:
        """Bits of a channel's shift."""
        return (MAX_SCALED_SHIFT if self.scaled else MAX_SHIFT).bit_length()

    @property
    def parameter_fields(self) -> tuple[tuple[str, int], ...]:
        """Parameters of a channel and their bits, from the lowest on: ``bias`` is signed, and
        without ``scale`` has half of the last place that ``shift`` leaves in it already."""
        fields = [("bias", ACCUMULATOR_BITS)]
        if self.output is not Number.S32:
            fields.append(("shift", self.shift_bits))
        if self.scaled:
            fields.append(("scale", SCALE_BITS))
        return tuple(fields)

    @property
    def parameter_word(self) -> int:
        """Bits of the parameters of ``lanes`` channels."""
        return self.lanes * sum(bits for _, bits in self.parameter_fields)

    @property
    def parameter_words(self) -> int:
        """Words of parameters."""
        return self.outputs // self.lanes


@dataclass(frozen=True)
class AddConfig:
    """
    The sum that ends a block with a skip.

    Parameters
    ----------
    channels, height, width : int
    lanes : int
        Channels in a beat.
    second : Number
        S16, or U8 where an identity is skipped. The first summand is S16.
    """

    channels: int
    height: int
    width: int
    lanes: int = 1
    second: Number = Number.S16

    def __post_init__(self) -> None:
        _positive(self, "channels", "height", "width", "lanes")
        _divides(self, "lanes", "channels")
        if self.second is Number.S32:
            raise ValueError("second must be U8 or S16, not S32")

    @property
    def cycles(self) -> int:
        """Cycles of a frame."""
        return self.height * self.width * self.channels // self.lanes

    multipliers = 0


@dataclass(frozen=True)
class AveragePoolConfig:
    """
    The mean over a whole image.

    Parameters
    ----------
    channels, height, width : int
        The image has a power of two of pixels.
    lanes : int
        Channels in a beat.
    """

    channels: int
    height: int
    width: int
    lanes: int = 1

    def __post_init__(self) -> None:
        _positive(self, "channels", "height", "width", "lanes")
        _divides(self, "lanes", "channels")
        pixels = self.height * self.width
        if pixels & (pixels - 1):
            raise ValueError(f"the image must have a power of two of pixels, not {pixels}")

    @property
    def sum_bits(self) -> int:
        """Bits of a channel's sum."""
        return 8 + (self.height * self.width).bit_length() - 1

    @property
    def cycles(self) -> int:
        """Cycles of a frame."""
        return self.height * self.width * self.channels // self.lanes

    multipliers = 0


@dataclass(frozen=True)
class MaxPoolConfig:
    """
    The largest of each ``size`` x ``size`` pixels.

    Parameters
    ----------
    channels, height, width : int
        Of the input; ``size`` divides height and width.
    size : int
        2 or 3.
    lanes : int
        Channels in a beat.
    """

    channels: int
    height: int
    width: int
    size: int = 2
    lanes: int = 1

    def __post_init__(self) -> None:
        _positive(self, "channels", "height", "width", "lanes")
        _divides(self, "lanes", "channels")
        if self.size not in (2, 3):
            raise ValueError(f"size must be 2 or 3, not {self.size!r}")
        _divides(self, "size", "height")
        _divides(self, "size", "width")

    @property
    def cycles(self) -> int:
        """Cycles of a frame."""
        return self.height * self.width * self.channels // self.lanes

    multipliers = 0


UnitConfig = ConvConfig | AddConfig | AveragePoolConfig | MaxPoolConfig


@dataclass(frozen=True)
class Node:
    """A unit, its name, and whose outputs it reads: names of nodes, or :data:`INPUT`."""

    name: str
    unit: UnitConfig
    sources: tuple[str, ...]


class SkipKind(Enum):
    """What keeps a block's input until its sum takes it."""

    FIFO = "fifo"
    """A queue: the next frame may come at once."""
    HOLD = "hold"
    """A whole frame, and no pixel of the next until the sum has taken the last one: a datapath
    without skip buffers, whose layer keeps its output until it has been used."""


@dataclass(frozen=True)
class Skip:
    """
    The longer way of a tensor that two nodes read.

    Parameters
    ----------
    source, reader : str
        Ends; the reader is a sum, or the projection before it.
    kind : SkipKind
    depth : int
        Beats of the source's output, at least 2; of a frame's hold, those of the frame.
    stride : int
        2 where only every other pixel of every other row is read.
    """

    source: str
    reader: str
    kind: SkipKind
    depth: int
    stride: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.depth, int) or self.depth < 2:
            raise ValueError(f"depth must be an integer of at least 2, not {self.depth!r}")
        if self.stride not in (1, 2):
            raise ValueError(f"stride must be 1 or 2, not {self.stride!r}")


@dataclass(frozen=True)
class PipelineConfig:
    """
    A network as one pipeline: a unit for every node.

    Parameters
    ----------
    channels, height, width : int
        Of the image, unsigned 8 bits.
    nodes : tuple of Node
        In an order in which they can be computed; the last gives the logits.
    skips : tuple of Skip
        One for each tensor that is read twice.
    """

    channels: int
    height: int
    width: int
    nodes: tuple[Node, ...]
    skips: tuple[Skip, ...] = ()

    def __post_init__(self) -> None:
        _positive(self, "channels", "height", "width")
        known = {INPUT}
        for node in self.nodes:
            for source in node.sources:
                if source not in known:
                    raise ValueError(f"{node.name} reads {source!r}, which is not before it")
            if node.name in known:
                raise ValueError(f"there are two nodes called {node.name!r}")
            known.add(node.name)
        if not self.nodes or not isinstance(self.nodes[-1].unit, ConvConfig):
            raise ValueError("the last node must be linear")
        if self.nodes[-1].unit.output is not Number.S32:
            raise ValueError("the last node must give 32 bits")
        for skip in self.skips:
            if skip.source not in known:
                raise ValueError(f"there is no node {skip.source!r}")
        for name in known:
            readers = self.readers(name)
            skipped = [skip.reader for skip in self.skips if skip.source == name]
            if len(readers) > 2 or len(skipped) != max(0, len(readers) - 1):
                raise ValueError(f"{name} has {len(readers)} readers and {len(skipped)} skips")
            if not set(skipped) <= set(readers):
                raise ValueError(f"{skipped[0]} does not read {name}")

    def readers(self, name: str) -> tuple[str, ...]:
        """Nodes that read a tensor."""
        return tuple(node.name for node in self.nodes if name in node.sources)

    def node(self, name: str) -> Node:
        """The node of a name."""
        return next(node for node in self.nodes if node.name == name)

    def shape(self, name: str) -> tuple[int, int, int]:
        """Channels, height and width of a tensor."""
        if name == INPUT:
            return self.channels, self.height, self.width
        match self.node(name).unit:
            case ConvConfig() as unit:
                return unit.outputs, unit.out_height, unit.out_width
            case AveragePoolConfig() as unit:
                return unit.channels, 1, 1
            case MaxPoolConfig() as unit:
                return unit.channels, unit.height // unit.size, unit.width // unit.size
            case AddConfig() as unit:
                return unit.channels, unit.height, unit.width

    def number(self, name: str) -> Number:
        """What a tensor's channels are."""
        unit = None if name == INPUT else self.node(name).unit
        return unit.output if isinstance(unit, ConvConfig) else Number.U8

    def lanes(self, name: str) -> int:
        """Channels in a beat of a tensor."""
        return 1 if name == INPUT else self.node(name).unit.lanes

    @property
    def classes(self) -> int:
        """Logits."""
        last = self.nodes[-1].unit
        assert isinstance(last, ConvConfig)
        return last.outputs

    @property
    def bound(self) -> int:
        """Cycles of the slowest unit, or of the image's bytes: no frame interval is shorter."""
        image = self.channels * self.height * self.width
        return max(image, *(node.unit.cycles for node in self.nodes))
