"""``kiln``: puts the command modules together."""

from importlib import import_module

import typer

__all__ = ["app"]

_COMMANDS = (
    "bench",
    "compile",
    "doctor",
    "explore",
    "fpga",
    "image",
    "import_onnx",
    "replay",
    "sim",
    "stream",
    "synth",
    "trace",
    "train",
)

app = typer.Typer(
    help="Sparse networks on RTL: train, compress, compile, simulate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

for command in _COMMANDS:
    app.add_typer(import_module(f"kiln.commands.{command}").app)


@app.callback()
def main() -> None:
    """Sparse networks on RTL: train, compress, compile, simulate."""
