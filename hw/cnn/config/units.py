"""Parameters of each kind of unit."""

from __future__ import annotations

from dataclasses import dataclass

from ..check import require_divisor, require_frame, require_positive
from .streams import Number

__all__ = [
    *("ACCUMULATOR_BITS", "MAX_SCALED_SHIFT", "MAX_SHIFT", "SCALE_BITS"),
    *("AddConfig", "AveragePoolConfig", "ConvConfig", "MaxPoolConfig", "UnitConfig"),
]

ACCUMULATOR_BITS = 32
MAX_SHIFT = 31
MAX_SCALED_SHIFT = 46
SCALE_BITS = 15
"""Of a channel's multiplier, where it has one."""


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
        require_positive(
            inputs=self.inputs,
            outputs=self.outputs,
            height=self.height,
            width=self.width,
            simd=self.simd,
            pe=self.pe,
            lanes=self.lanes,
        )
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
        require_divisor(simd=self.simd, inputs=self.inputs)
        require_divisor(pe=self.pe, outputs=self.outputs)
        require_divisor(lanes=self.lanes, pe=self.pe)

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
        require_frame(self.channels, self.height, self.width, self.lanes)
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
        require_frame(self.channels, self.height, self.width, self.lanes)
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
        require_frame(self.channels, self.height, self.width, self.lanes)
        if self.size not in (2, 3):
            raise ValueError(f"size must be 2 or 3, not {self.size!r}")
        require_divisor(size=self.size, height=self.height)
        require_divisor(size=self.size, width=self.width)

    @property
    def cycles(self) -> int:
        """Cycles of a frame."""
        return self.height * self.width * self.channels // self.lanes

    multipliers = 0


UnitConfig = ConvConfig | AddConfig | AveragePoolConfig | MaxPoolConfig
