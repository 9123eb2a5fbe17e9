"""Line buffer: from pixels as they come to the windows of a convolution."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..memory import DualPortSram
from .config import ConvConfig, Number
from .raster import raster
from .streams import beat, beats

__all__ = ["LineBuffer", "tap_layout"]


def tap_layout(config: ConvConfig) -> data.StructLayout:
    """``x``: ``simd`` channels of a pixel under the kernel, zeros beyond the image; ``last``: of
    its dot product."""
    return data.StructLayout({"x": beat(Number.U8, config.simd), "last": 1})


class LineBuffer(wiring.Component):
    """
    Turns pixels into the windows of a convolution, as its dot products read them: for every output
    pixel, by rows, ``folds`` times all taps of the kernel by rows, with all groups of channels.

    A ring of :attr:`ConvConfig.ring_pixels` pixels holds what windows still need. Frames follow one
    another in it without gap; what is beyond a border is never in the stream, but masked. A window
    begins once its last pixel is there, and a pixel's place is free as soon as the window that
    needs it last is done; so the last rows of a frame wait for no pixel of the next.

    Latency: the first tap is on ``o`` two cycles after the last beat of the window's last pixel was
    taken. Throughput: a tap a cycle, from one output pixel to the next and from frame to frame, if
    pixels come evenly, and a beat a cycle in while there is room.

    Parameters
    ----------
    config : :class:`ConvConfig`

    Members
    -------
    i : ``In(beats(Number.U8, simd))``
    o : ``Out(stream.Signature(tap_layout(config)))``
    """

    def __init__(self, config: ConvConfig):
        self.config = config
        super().__init__(
            {
                "i": In(beats(Number.U8, config.simd)),
                "o": Out(stream.Signature(tap_layout(config))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        c = self.config
        words = c.ring_pixels * c.groups
        # What is written is beyond the windows, so that no word is read in the cycle of its write.
        m.submodules.ring = ring = DualPortSram(words, 8 * c.simd)
        write, read = ring.write, ring.read

        came = Signal()
        step, advance = Signal(), Signal(range(max(self._advances) + 1))
        came_pixel = self._fill(m, write, came)
        # Pixels that are there from the one under the kernel's middle on; those behind it, from the
        # window's corner on, are kept too.
        room = c.ring_pixels - self._reach
        ahead = Signal(range(room + 1))
        m.d.sync += ahead.eq(ahead + came_pixel - Mux(step, advance, 0))
        m.d.comb += [
            self.i.ready.eq(ahead != room),
            came.eq(self.i.valid & self.i.ready),
        ]
        self._walk(m, read, ahead, step, advance)
        return m

    @property
    def _reach(self) -> int:
        """Pixels from a window's corner to its middle."""
        return self.config.width + 1 if self.config.kernel == 3 else 0

    @property
    def _advances(self) -> tuple[int, int]:
        """Pixels from an output pixel's middle to the next's: within a row, and to the next row,
        which is as far as to the next frame."""
        c = self.config
        return c.stride, c.stride * c.width - c.stride * (c.out_width - 1)

    def _fill(self, m, write, came) -> Value:
        """Writes what came; gives whether it completes a pixel."""
        c = self.config
        group = Signal(range(c.groups))
        whole = Signal()
        m.d.comb += [
            write.en.eq(came),
            write.data.eq(self.i.payload.as_value()),
            whole.eq(came & (group == c.groups - 1)),
        ]
        with m.If(came):
            m.d.sync += [
                group.eq(Mux(group == c.groups - 1, 0, group + 1)),
                write.addr.eq(_round(write.addr, 1, c.ring_pixels * c.groups)),
            ]
        return whole

    def _walk(self, m, read, ahead, step, advance):
        """Goes through folds, taps and groups of every output pixel."""
        c = self.config
        go = Signal()
        row, column, fold, tap_row, tap_column, group = raster(
            m,
            go,
            row=c.out_height,
            column=c.out_width,
            fold=c.folds,
            tap_row=c.kernel,
            tap_column=c.kernel,
            group=c.groups,
        )

        # The window's last pixel: to the right and below, where the image goes on.
        below = Mux(row.last, 0, c.width) if c.stride == 1 else c.width
        beside = Mux(column.last, 0, 1) if c.stride == 1 else 1
        enough = Signal()
        m.d.comb += enough.eq(ahead > (below + beside if c.kernel == 3 else 0))

        # A tap is read if the one before has left, or leaves now.
        line, dot, pixel = Signal(), Signal(), Signal()
        m.d.comb += [
            go.eq(enough & (~self.o.valid | self.o.ready)),
            line.eq(group.last & tap_column.last),
            dot.eq(line & tap_row.last),
            pixel.eq(dot & fold.last),
            step.eq(go & pixel),
        ]

        def to_next(distances):
            within, across = distances
            return Mux(column.last, across, within)

        m.d.comb += advance.eq(to_next(self._advances))
        words = c.ring_pixels * c.groups
        distance = to_next([pixels * c.groups % words for pixels in self._advances])
        self._address(m, read, go, line, dot, pixel, distance)

        masked, inside = Signal(), Signal()
        m.d.comb += [
            inside.eq(self._inside(row, column, tap_row, tap_column)),
            read.en.eq(go & inside),
        ]
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += self.o.valid.eq(go)
        with m.If(go):
            m.d.sync += [self.o.payload.last.eq(dot), masked.eq(~inside)]
        m.d.comb += self.o.payload.x.as_value().eq(Mux(masked, 0, read.data))

    def _inside(self, row, column, tap_row, tap_column) -> Value:
        """Whether the tap is on the image."""
        c = self.config
        if c.kernel == 1:
            return Value.cast(1)
        outside = (row.first & tap_row.first) | (column.first & tap_column.first)
        if c.stride == 1:
            outside |= (row.last & tap_row.last) | (column.last & tap_column.last)
        return ~outside

    def _address(self, m, read, go, line, dot, pixel, distance):
        """The ring's address of the next tap. ``corner`` is where the window begins, ``distance``
        how far on the next one does; ``line`` is the end of the kernel's row."""
        c = self.config
        words = c.ring_pixels * c.groups
        start = -self._reach * c.groups % words
        corner = Signal(range(words), init=start)
        address = Signal(range(words), init=start)
        moved = Signal(range(words))
        m.d.comb += [
            read.addr.eq(address),
            moved.eq(_round(corner, distance, words)),
        ]
        with m.If(go):
            with m.If(pixel):
                m.d.sync += [corner.eq(moved), address.eq(moved)]
            with m.Elif(dot):
                m.d.sync += address.eq(corner)
            with m.Elif(line):
                jump = (c.width - 3) * c.groups + 1
                m.d.sync += address.eq(_round(address, jump % words, words))
            with m.Else():
                m.d.sync += address.eq(_round(address, 1, words))


def _round(value: Value, by, words: int) -> Value:
    """``value + by`` in a ring of ``words``; both are below ``words``."""
    total = value + by
    return Mux(total >= words, total - words, total)
