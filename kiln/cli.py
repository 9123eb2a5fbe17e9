"""``kiln``: puts the command modules together."""

import typer

from kiln.commands import (
    bench,
    compile,
    doctor,
    explore,
    fpga,
    image,
    import_onnx,
    replay,
    sim,
    stream,
    synth,
    trace,
    train,
)

__all__ = ["app"]

app = typer.Typer(
    help="Sparse networks on RTL: train, compress, compile, simulate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

for module in (
    bench,
    compile,
    doctor,
    explore,
    fpga,
    image,
    import_onnx,
    replay,
    sim,
    stream,
    synth,
    trace,
    train,
):
    app.add_typer(module.app)


@app.callback()
def main() -> None:
    """Sparse networks on RTL: train, compress, compile, simulate."""
