"""``kiln image``: what is in a program image."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from kiln.terminal import fail
from sw.compress.image import ImageError, read_image
from sw.compress.passes import PassDescriptor
from sw.compress.program import Program

__all__ = ["app", "print_program"]

app = typer.Typer(name="image", help="Look into program images.", no_args_is_help=True)


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    for name in columns:
        table.add_column(name, justify="right")
    return table


def _layers(program: Program) -> Table:
    """One line a layer: what it is and what it takes."""
    table = _table(
        "Layers",
        "",
        "out x in",
        "planes",
        "passes",
        "group",
        "entries",
        "density",
        "padding",
        "load max/mean",
    )
    for k, layer in enumerate(program.layers):
        mean = np.mean(layer.load)
        table.add_row(
            str(k),
            f"{layer.rows} x {layer.columns}",
            str(layer.planes),
            str(layer.passes),
            _groups(program.passes[layer.first_pass : layer.first_pass + layer.passes]),
            f"{layer.entries:,}",
            _percent(layer.entries - layer.padding, layer.rows * layer.columns * layer.planes),
            _percent(layer.padding, layer.entries),
            f"{max(layer.load) / mean:.2f}" if mean else "-",
        )
    return table


def _groups(passes: Sequence[PassDescriptor]) -> str:
    """Columns that these passes broadcast together, and whether their columns are split over the
    PEs."""
    sizes = ", ".join(map(str, sorted({1 << each.group for each in passes})))
    return f"{sizes}, split" if any(each.split for each in passes) else sizes


def _scales(program: Program) -> Table:
    """One line a layer: its fraction bits, and what the overflow proof cost and found."""
    table = _table(
        "Scales", "", "frac w", "in", "out", "shift", "ReLU", "lost w", "in", "bound / 2^31"
    )
    proofs = program.provenance.get("quantisation", {}).get("layers", [])
    for k, layer in enumerate(program.layers):
        proof = proofs[k] if k < len(proofs) else None
        table.add_row(
            *map(str, (k, layer.frac_w, layer.frac_a_in, layer.frac_a_out, layer.shift)),
            f"from {layer.linear_rows}" if layer.linear_rows else "yes" if layer.relu else "no",
            str(proof["weight_bits_lost"]) if proof else "-",
            str(proof["input_bits_lost"]) if proof else "-",
            f"{proof['overflow_bound'] / 2**31:.3f}" if proof else "-",
        )
    return table


def _memories(program: Program) -> Table:
    """What the program takes of every PE's memories."""
    config = program.config
    vectors = 0
    for layer in program.layers:
        first = program.passes[layer.first_pass]
        source = config.slots(layer.columns) if first.src_sram else 0
        outputs = config.slots(layer.rows) if first.dst_sram else 0
        vectors = max(vectors, source + outputs)
    table = _table("Memory per PE", "", "used", "of", "")
    for name, used, limit in (
        ("sparse matrix, 64-bit words", program.spmat.shape[1], config.spmat_depth),
        ("column pointers", program.pointers.shape[1], config.ptr_depth),
        ("activation SRAM", vectors, config.act_depth),
        ("passes (of the array)", len(program.passes), config.max_passes),
    ):
        table.add_row(name, f"{used:,}", f"{limit:,}", _percent(used, limit))
    return table


def print_program(program: Program, console: Console) -> None:
    """Print a program: network, layers, memories, provenance."""
    config = program.config
    where = "activation SRAM" if program.in_sram else "source file"
    console.print(
        f"{program.inputs} inputs ({program.in_min} to {program.in_max}, in the {where}) to "
        f"{program.outputs} outputs on {config.n_pe} PEs: {program.entries:,} entries, "
        f"{_percent(program.padding, program.entries)} of them padding",
        highlight=False,
    )
    console.print()
    for table in (_layers(program), _scales(program), _memories(program)):
        console.print(table)
        console.print()
    noted = {key: value for key, value in program.provenance.items() if key != "quantisation"}
    quantisation = program.provenance.get("quantisation")
    if quantisation:
        rows = "synthetic rows" if quantisation["synthetic"] else "calibration rows"
        noted["decisions as in float"] = (
            f"{100 * quantisation['agreement']:.2f} % of {quantisation['rows']:,} {rows}"
        )
    for key, value in noted.items():
        text = value if isinstance(value, str) else json.dumps(value)
        console.print(f"{key}: {text}", highlight=False, markup=False)


@app.command()
def show(file: Annotated[Path, typer.Argument(help="Program image, .kiln.")]) -> None:
    """Check an image and print its layers, scales, memory use and provenance."""
    try:
        program = read_image(file)
    except ImageError as error:
        fail("image", error)
    print_program(program, Console())
