"""Memory of the machines and what is saved of it, on the benchmark's page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.bench.tables import markdown_table

from .results import MachineRow

__all__ = ["memory_parts"]

_HEAD = """\
Bits are allocated storage, depth times width: line buffers with the word that was read last, queues
and frames of skips, parts of beats that wait for the others. Weights and parameters beside them are
the same but for the projections of the residual network.
"""

_SAVINGS = """\
What the skip-free machine saves depends on what it is compared with, and of what memory. *Queues*
are of the smallest depth, as in the buffered machine; *line buffers* is that machine if it read
skips from the line buffers of its blocks' first convolutions, which still hold part of what is
needed (arXiv 2309.15631); *tensors* is it with queues as deep as the tensors that they carry,
hls4ml's default. These two are computed (`sw/dataflow/alternatives.py`, and sizes of tensors).
*Frames* is the unbuffered machine. Beside them is what skips add to line buffers and gathered
parts, and what is saved of activations and of all memory on the chip, weights and parameters
included.
"""


def memory_parts(rows: Sequence[MachineRow]) -> Iterator[str]:
    """Text and tables."""
    yield "## Memory\n"
    yield _HEAD
    yield markdown_table(
        "network|machine|line buffers|skips|gathers|activations|weights|parameters",
        (
            [
                row.run.network,
                row.run.machine,
                f"{row.run.bits['line buffers']:,}",
                f"{row.run.bits['skips']:,}",
                f"{row.run.bits['gathers']:,}",
                f"{row.activation_bits:,}",
                f"{row.run.bits['weights']:,}",
                f"{row.run.bits['parameters']:,}",
            ]
            for row in rows
        ),
        left=2,
    )
    yield _SAVINGS
    yield markdown_table(
        "network|against skips in|their bits|skips add|activations saved|all memory saved",
        _savings(rows),
        left=2,
    )


def _savings(rows: Sequence[MachineRow]) -> Iterator[list[str]]:
    lean = {row.data: row for row in rows if row.run.machine == "skip-free"}
    for row in rows:
        if row.run.machine == "skip-free" or row.data not in lean:
            continue
        free = lean[row.data]
        for kind, skips in _skips(row):
            more = skips - row.run.bits["skips"]
            without = row.activation_bits - row.run.bits["skips"]
            yield [
                row.run.network,
                kind,
                f"{skips:,}",
                f"{skips / without:.1%}",
                f"{1 - free.activation_bits / (row.activation_bits + more):.1%}",
                f"{1 - free.bits / (row.bits + more):.1%}",
            ]


def _skips(row: MachineRow) -> Iterator[tuple[str, int]]:
    """Ways to keep the skips of a residual machine, and their bits."""
    if row.run.machine == "unbuffered":
        yield "frames", row.run.bits["skips"]
        return
    if row.reread_skip_bits is not None:
        yield "line buffers", row.reread_skip_bits
    yield "queues", row.run.bits["skips"]
    if row.tensor_skip_bits is not None:
        yield "tensors", row.tensor_skip_bits
