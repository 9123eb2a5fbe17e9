"""
C of an integer network: as the golden model computes it, in code that serves one request at a time.

The source stands alone and exports three functions:

- ``void infer(const int16_t *x, int16_t *y)``, one request;
- ``void measure(const int16_t *xs, long rows, long repeats, int16_t *ys, uint32_t *ns)``, which
  serves ``rows`` requests in turn, ``repeats`` times over, keeps the outputs of the last time in
  ``ys`` (rows, outputs) and the nanoseconds of every single one in ``ns`` (repeats, rows);
- ``void overhead(long count, uint32_t *ns)``, which measures an empty call in the same way: what
  the clock and the call themselves add to every time that ``measure`` gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sw.compress.quantised import INT16_MAX, INT16_MIN, QuantisedLayer, QuantisedNetwork

__all__ = ["MAX_NEURONS", "MAX_WEIGHTS", "Variant", "c_source"]

MAX_WEIGHTS = 1 << 22
"""Weights, zeros included, of the largest network that is written as source."""
MAX_NEURONS = 1 << 17
"""Inputs and outputs of all its layers together: they are on the stack, six bytes each."""


class Variant(StrEnum):
    """How weights are stored: all of them row by row, or the non-zero ones with their columns."""

    DENSE = "dense"
    SPARSE = "sparse"


def c_source(network: QuantisedNetwork, variant: Variant) -> str:
    """
    Source of the network in C11 with the extensions of GCC, which Clang has too.

    Weights are int16; in a layer whose planes add up to more than that, int32. ``ValueError``
    where the network has more than ``MAX_WEIGHTS`` weights or ``MAX_NEURONS`` neurons.
    """
    weights = sum(layer.rows * layer.columns for layer in network.layers)
    neurons = network.inputs + sum(layer.rows for layer in network.layers)
    for count, limit, of in ((weights, MAX_WEIGHTS, "weights"), (neurons, MAX_NEURONS, "neurons")):
        if count > limit:
            raise ValueError(f"C is made of networks of up to {limit} {of}, not {count}")
    arrays, calls = [], []
    last = len(network.layers) - 1
    for k, layer in enumerate(network.layers):
        write = _dense if variant is Variant.DENSE else _sparse
        arrays.append(_array(f"bias_{k}", "int32_t", layer.bias) + write(k, layer))
        out = "y" if k == last else f"a{k + 1}"
        if k < last:
            calls.append(f"    int16_t a{k + 1}[{_padded(layer.rows)}] ALIGNED = {{0}};\n")
        calls.append(f"    layer_{k}(a{k}, {out});\n")
    first = (
        f"    int16_t a0[{_padded(network.inputs)}] ALIGNED = {{0}};\n"
        f"    memcpy(a0, x, {network.inputs} * sizeof *x);\n"
    )
    served = f"SERVE void serve(const int16_t *x, int16_t *y)\n{{\n{first}{''.join(calls)}}}\n"
    widths = f"enum {{ INPUTS = {network.inputs}, OUTPUTS = {network.outputs} }};\n"
    return _PROLOGUE + "\n".join(arrays) + "\n" + served + "\n" + widths + _EPILOGUE


_LANES = 16  # int16 in 256 bits: rows of weights are filled up with zeros to whole vectors
_LINE = 16  # numbers in a line of source

# Sums are unsigned, in which C wraps as the array does; the compiler sees through it and
# multiplies and adds pairs of int16. All rows are summed before any is rounded: two loops, each of
# which becomes vector code.
_PROLOGUE = """\
#include <stdint.h>
#include <string.h>
#include <time.h>

#define ALIGNED __attribute__((aligned(64)))
#define SERVE static __attribute__((noinline))

static inline int16_t requantise(uint32_t sum, int shift, int32_t least)
{
    int64_t value = ((int64_t)(int32_t)sum + (((int64_t)1 << shift) >> 1)) >> shift;
    value = value < least ? least : value;
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value);
}

"""

_EPILOGUE = """
SERVE void nothing(const int16_t *x, int16_t *y)
{
    __asm__ volatile("" : : "r"(x), "r"(y) : "memory");
}

static inline uint32_t between(const struct timespec *begin, const struct timespec *end)
{
    int64_t ns = (int64_t)(end->tv_sec - begin->tv_sec) * 1000000000
                 + (end->tv_nsec - begin->tv_nsec);
    return (uint32_t)(ns > UINT32_MAX ? UINT32_MAX : ns);
}

void infer(const int16_t *x, int16_t *y)
{
    serve(x, y);
}

void measure(const int16_t *xs, long rows, long repeats, int16_t *ys, uint32_t *ns)
{
    struct timespec begin, end;
    for (long k = 0; k < repeats; k++) {
        for (long row = 0; row < rows; row++) {
            clock_gettime(CLOCK_MONOTONIC, &begin);
            serve(xs + row * INPUTS, ys + row * OUTPUTS);
            clock_gettime(CLOCK_MONOTONIC, &end);
            ns[k * rows + row] = between(&begin, &end);
        }
    }
}

void overhead(long count, uint32_t *ns)
{
    struct timespec begin, end;
    int16_t x = 0, y = 0;
    for (long k = 0; k < count; k++) {
        clock_gettime(CLOCK_MONOTONIC, &begin);
        nothing(&x, &y);
        clock_gettime(CLOCK_MONOTONIC, &end);
        ns[k] = between(&begin, &end);
    }
}
"""


def _padded(count: int) -> int:
    return -(-count // _LANES) * _LANES


def _array(name: str, kind: str, values: NDArray) -> str:
    """A constant array; one of no values gets a zero, as C has no empty ones."""
    numbers = [_literal(value) for value in values.ravel().tolist()] or ["0"]
    lines = [", ".join(numbers[at : at + _LINE]) for at in range(0, len(numbers), _LINE)]
    body = ",\n    ".join(lines)
    return f"static const {kind} {name}[{len(numbers)}] ALIGNED = {{\n    {body}\n}};\n"


def _literal(value: int) -> str:
    """A number as C takes it: the least int32 is no literal, but a negation of a larger one."""
    return "INT32_MIN" if value == -(1 << 31) else str(value)


def _weight_type(weight: NDArray[np.int32]) -> str:
    fits = weight.min(initial=0) >= INT16_MIN and weight.max(initial=0) <= INT16_MAX
    return "int16_t" if fits else "int32_t"


def _product(kind: str, weight: str, activation: str) -> str:
    """A product modulo 2^32. That of two int16 fits an int32, others are taken unsigned."""
    if kind == "int16_t":
        return f"(uint32_t)((int32_t){weight} * {activation})"
    return f"(uint32_t){weight} * (uint32_t){activation}"


def _function(k: int, layer: QuantisedLayer, sum_loop: Iterable[str]) -> str:
    """One layer: ``sum_loop`` adds the products of row ``r`` to ``sum``."""
    linear = layer.linear_rows if layer.relu else layer.rows
    least = f"r < {linear} ? INT16_MIN : 0"
    least = {0: "0", layer.rows: "INT16_MIN"}.get(linear, least)
    return "\n".join(
        [
            f"static inline void layer_{k}(const int16_t *restrict x, int16_t *restrict y)",
            "{",
            f"    uint32_t sums[{layer.rows}] ALIGNED;",
            f"    for (int r = 0; r < {layer.rows}; r++) {{",
            f"        uint32_t sum = (uint32_t)bias_{k}[r];",
            *(f"        {line}" for line in sum_loop),
            "        sums[r] = sum;",
            "    }",
            f"    for (int r = 0; r < {layer.rows}; r++)",
            f"        y[r] = requantise(sums[r], {layer.shift}, {least});",
            "}",
            "",
        ]
    )


def _dense(k: int, layer: QuantisedLayer) -> str:
    """A layer with all its weights, (out, in) with rows filled up to whole vectors."""
    columns = _padded(layer.columns)
    weight = np.pad(layer.weight(), ((0, 0), (0, columns - layer.columns)))
    kind = _weight_type(weight)
    loop = [
        f"for (int c = 0; c < {columns}; c++)",
        f"    sum += {_product(kind, f'weight_{k}[r * {columns} + c]', 'x[c]')};",
    ]
    return _array(f"weight_{k}", kind, weight) + _function(k, layer, loop)


def _sparse(k: int, layer: QuantisedLayer) -> str:
    """A layer in compressed rows: non-zero weights, their columns, and where each row begins."""
    weight = layer.weight()
    rows, columns = np.nonzero(weight)
    begins = np.searchsorted(rows, np.arange(layer.rows + 1))
    kind = _weight_type(weight)
    loop = [
        f"for (int32_t i = begin_{k}[r]; i < begin_{k}[r + 1]; i++)",
        f"    sum += {_product(kind, f'weight_{k}[i]', f'x[column_{k}[i]]')};",
    ]
    return (
        _array(f"weight_{k}", kind, weight[rows, columns])
        + _array(f"column_{k}", "uint16_t" if layer.columns <= 1 << 16 else "int32_t", columns)
        + _array(f"begin_{k}", "int32_t", begins)
        + _function(k, layer, loop)
    )
