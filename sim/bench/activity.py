"""
Events that cost energy: how often each memory and unit of the array is used in an inference.

Counted from a program and its inputs, by the rules that the units' documentation states; no
joules. Word reads of the sparse matrix take the columns in ascending order: the detection tree
serves PEs in turn instead, which changes how often two columns in a row share a word, by little.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from hw.eie.config import CODEBOOK_WORDS, ENTRIES_PER_WORD
from sw.compress.batches import Batch
from sw.compress.passes import PassDescriptor
from sw.compress.program import Program
from sw.compress.records import pointer_words, unpack_records

__all__ = ["Activity", "column_pointers", "count_activity", "count_pass", "mean_activity"]


class Activity(BaseModel):
    """
    Events of an inference, in all PEs together.

    ``broadcasts`` are non-zero activations, or groups of columns, once for each pass that reads
    them; ``queue_pushes`` these and an end mark a pass, in every PE; ``pointer_reads`` pairs of
    pointers, in a wide array pairs of words of four; ``spmat_reads`` 64-bit words, biases and
    codebooks included; ``multiply_accumulates`` entries, padding included (it is multiplied by
    zero). Accumulators are read and written by each of these, written by each bias and read by each
    drain; a wide PE adds up entries that meet on a row in one cycle first, so that it needs fewer.
    The activation file is written by refills from the activation SRAM and drains into it, and read
    by broadcasts, in a wide array slot by slot; the SRAM is read by refills, written by drains.
    """

    broadcasts: float = 0
    queue_pushes: float = 0
    pointer_reads: float = 0
    spmat_reads: float = 0
    multiply_accumulates: float = 0
    accumulator_reads: float = 0
    accumulator_writes: float = 0
    file_reads: float = 0
    file_writes: float = 0
    sram_reads: float = 0
    sram_writes: float = 0


def count_activity(batches: Sequence[Batch], activations: NDArray[np.int16]) -> Activity:
    """Events of one inference of a layer with inputs int16 (inputs,)."""
    total = Activity()
    for batch in batches:
        program = batch.program
        inputs = activations[batch.columns]
        for each in program.passes:
            skipped = (
                (each.src_base - program.in_base) * program.config.n_pe if each.src_sram else 0
            )
            source = inputs[skipped : skipped + each.columns]
            count_pass(total, program, each, np.flatnonzero(source))
    return total


def mean_activity(activities: Sequence[Activity]) -> Activity:
    """The mean of each event."""
    names = Activity.model_fields
    sums = {name: sum(getattr(each, name) for each in activities) for name in names}
    return Activity(**{name: value / len(activities) for name, value in sums.items()})


def count_pass(
    total: Activity, program: Program, each: PassDescriptor, active: NDArray[np.int64]
) -> None:
    """Add a pass whose columns ``active`` have activations."""
    n_pe, group = program.config.n_pe, 1 << each.group
    sent = np.unique(active // group)
    pointers = column_pointers(program, each)
    start = pointers[:, sent * group]
    stop = pointers[:, np.minimum((sent + 1) * group, each.columns)]
    entries = int((stop - start).sum())
    head = -(-each.bias_rows // 2) + CODEBOOK_WORDS
    slots = program.config.slots(each.columns) * n_pe
    biases, drains = each.bias_rows * n_pe, each.drain_rows * n_pe
    total.broadcasts += len(sent)
    total.queue_pushes += (len(sent) + 1) * n_pe
    total.pointer_reads += len(sent) * n_pe
    total.spmat_reads += _word_reads(start, stop) + head * n_pe
    total.multiply_accumulates += entries
    total.accumulator_reads += entries + drains
    total.accumulator_writes += entries + biases
    total.file_reads += slots if program.config.is_wide else len(active)
    if each.src_sram:
        total.sram_reads += slots
        total.file_writes += slots
    if each.dst_sram:
        total.sram_writes += drains
    else:
        total.file_writes += drains


def column_pointers(program: Program, each: PassDescriptor) -> NDArray[np.int64]:
    """Column pointers of a pass, int64 (n_pe, columns + 1)."""
    group = 1 << each.group
    words = program.pointers[:, each.ptr_base :][:, : pointer_words(each.columns, group)]
    return unpack_records(words, each.columns, group) if group > 1 else words.astype(np.int64)


def _word_reads(start: NDArray[np.int64], stop: NDArray[np.int64]) -> int:
    """Words read for entries [start, stop) of each PE's columns, int64 (n_pe, columns): each word
    of a column once, and not that which the column before has ended with."""
    held = stop > start
    first = start // ENTRIES_PER_WORD
    last = np.where(held, (stop - 1) // ENTRIES_PER_WORD, -1)
    before = np.maximum.accumulate(last, axis=1)[:, :-1]
    words = np.where(held, last - first + 1, 0).sum()
    shared = held[:, 1:] & (first[:, 1:] == before)
    return int(words - shared.sum())
