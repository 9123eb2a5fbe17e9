"""``kiln import``: quantised networks that were trained elsewhere, as files of Kiln's own."""

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from torch import Tensor

from kiln.terminal import fail
from sw.golden.cnn_file import write_graph
from sw.golden.cnn_graph import INPUT, QConv, QLinear, QMaxPool, QNode, QPool
from sw.importers.onnx_import import Imported, import_onnx

__all__ = ["app"]

app = typer.Typer(
    name="import", help="Take in networks that were trained elsewhere.", no_args_is_help=True
)


@app.callback()
def group() -> None:
    """Take in networks that were trained elsewhere."""


@app.command()
def onnx(
    file: Annotated[Path, typer.Argument(help="Quantised network, QDQ or QONNX.")],
    out: Annotated[
        Path | None,
        typer.Option(help="File to write; build/FILE.safetensors by default."),
    ] = None,
) -> None:
    """Make a quantised chain of convolutions integers, and print its layers."""
    console = Console()
    path = out or Path("build") / f"{file.stem}.safetensors"
    try:
        network = import_onnx(file)
        provenance = {
            "file": file.name,
            "sha256": sha256(file.read_bytes()).hexdigest(),
            "scales": network.scales,
        }
        write_graph(network.graph, path, provenance)
    except (ValueError, OSError) as error:
        fail("import onnx", error)
    console.print(_layers(network, file.name))
    console.print(f"{path}: {path.stat().st_size:,} bytes", markup=False, highlight=False)


def _layers(network: Imported, title: str) -> Table:
    """One line for the image and one a layer."""
    table = Table("layer", "", "output", title=escape(title))
    for name in ("weights", "multiplier", "shift", "scale"):
        table.add_column(name, justify="right")
    shapes = network.graph.shapes()
    kinds = {
        INPUT: ("image", "", "", ""),
        **{node.name: _kind(node) for node in network.graph.nodes},
    }
    for name, (kind, *rest) in kinds.items():
        output = " x ".join(map(str, shapes[name]))
        table.add_row(escape(name), kind, output, *rest, f"{network.scales[name]:g}")
    return table


def _kind(node: QNode) -> tuple[str, str, str, str]:
    """What a layer is, its weights, multipliers and shifts."""
    match node:
        case QConv():
            side = node.weight.shape[-1]
            kind = f"{side} x {side}" if node.stride == 1 else f"{side} x {side} / {node.stride}"
            return kind, _weights(node), _span(node.multiplier), _span(node.shift)
        case QPool():
            return (
                "mean",
                "",
                "" if node.multiplier is None else str(node.multiplier),
                str(node.shift),
            )
        case QMaxPool():
            return f"largest of {node.size} x {node.size}", "", "", ""
    assert isinstance(node, QLinear), "imported networks have no skips"
    return "linear", _weights(node), "", ""


def _weights(node: QConv | QLinear) -> str:
    return f"{node.weight.numel():,} of {node.weight_bits} bits"


def _span(values: Tensor | None) -> str:
    """From the least to the largest."""
    if values is None:
        return ""
    low, high = int(values.min()), int(values.max())
    return str(low) if low == high else f"{low} to {high}"
