"""One module per command or group of commands, each with its own `typer.Typer` named ``app``.

An ``app`` without a name adds its commands to the top level (``kiln doctor``); one with a name is
a group (``typer.Typer(name="image")`` with a command ``show`` is ``kiln image show``).
"""
