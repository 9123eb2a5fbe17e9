"""``kiln compile``: a network file to the image that an array loads."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hw.eie.config import PRESETS
from kiln.commands.image import print_program
from kiln.terminal import fail
from sw.compress.compile import compile_network
from sw.compress.image import write_image
from sw.network import Network

__all__ = ["app"]

app = typer.Typer()


@app.command("compile")
def compile_(
    network: Annotated[
        Path, typer.Argument(help="Network, .safetensors or .npz: weight_k, bias_k, inputs.")
    ],
    preset: Annotated[str, typer.Option(help=f"One of {', '.join(PRESETS)}.")] = "weng32",
    out: Annotated[
        Path | None, typer.Option(help="Image to write; build/NETWORK.kiln by default.")
    ] = None,
    input_min: Annotated[
        float | None, typer.Option(help="Least input; with the file's inputs, theirs by default.")
    ] = None,
    input_max: Annotated[float | None, typer.Option(help="Greatest input, likewise.")] = None,
    integer_inputs: Annotated[
        bool | None,
        typer.Option(help="Whether inputs are integers; by default, if all in the file are."),
    ] = None,
    planes: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=4,
            help="Unshared weights: 1 shares them, 2 to 4 keep so many base-16 digits; "
            "by default, what keeps the decisions.",
        ),
    ] = None,
    headroom: Annotated[
        float, typer.Option(help="Room above the activations seen before they saturate.")
    ] = 2.0,
) -> None:
    """Quantise, encode and lay out a network for an array, and write the program image."""
    console = Console()
    try:
        if preset not in PRESETS:
            raise ValueError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
        if (input_min is None) != (input_max is None):
            raise ValueError("give --input-min and --input-max together")
        given = None
        if input_min is not None and input_max is not None:
            given = (input_min, input_max)
        with console.status("compiling"):
            program, _ = compile_network(
                Network.load(network),
                PRESETS[preset],
                input_range=given,
                integer_inputs=integer_inputs,
                headroom=headroom,
                planes=planes,
                provenance={"network": network.name, "preset": preset},
            )
        path = out or Path("build") / f"{network.stem}.kiln"
        size = write_image(program, path)
    except (ValueError, OSError) as error:
        fail("compile", error)
    print_program(program, console)
    console.print(f"{path}: {size:,} bytes", highlight=False)
