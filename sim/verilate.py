"""How Verilator is told to treat a component's Verilog: warnings, flags, control file, top."""

from __future__ import annotations

from collections.abc import Sequence

from hw.emit import Emitted

__all__ = ["HARNESS_TOP", "QUIET", "TOP", "control_file", "flags", "with_held_reset"]

TOP = "top"
HARNESS_TOP = "harness"

QUIET = (
    "CASEINCOMPLETE",  # a Switch without a default changes nothing in the other cases
    "DECLFILENAME",  # a file holds many modules
    "GENUNNAMED",
    "PINCONNECTEMPTY",
    "PINMISSING",  # outputs that nothing uses are left off instances
    "SYMRSVDWORD",  # a port may have a name that C++ knows, such as abort
    "PROCASSINIT",  # registers are initialised where they are declared
    "UNDRIVEN",  # fields of payloads that nothing drives
    "UNUSEDSIGNAL",  # every Amaranth signal gets a wire, used or not
    "UNSIGNED",  # a field is compared with a range that starts at zero
    "WIDTHEXPAND",  # operands are extended by Verilog's own rules
    "WIDTHTRUNC",
)
"""Verilator's warnings that the style of Amaranth's Verilog triggers; all others are errors."""

# Verilator evaluates all instances of a module with one copy of its code, if only their code comes
# out the same. A 64-PE array is then a tenth of the C++, and several times faster, as it stays in
# the processor's caches. What tells instances apart is switched off: parent signals in place of
# ports (``control_file`` prevents it), and temporary variables with numbers of these two passes.
# Without the first, Verilator sees loops where a vector's bits depend on others of its bits; a true
# loop is refused by Amaranth.
_ONE_COPY = ("-fno-dfg", "-fno-table", "-Wno-UNOPTFLAT")


def flags(emitted: Emitted) -> list[str]:
    """Command-line flags for a component's Verilog."""
    quiet = [f"-Wno-{name}" for name in QUIET]
    return ["-O3", "-Wall", *quiet, *(_ONE_COPY if emitted.manifest["modules"] else ())]


def control_file(emitted: Emitted, public: Sequence[tuple[str, str]]) -> str:
    """
    Text of a Verilator control file.

    ``public`` are pairs of (module, variable) that can be read and written from outside. Modules
    with several instances are kept whole, with ports of their own.
    """
    lines = [f'public_flat_rw -module "{module}" -var "{variable}"' for module, variable in public]
    for module, ports in emitted.manifest["modules"].items():
        lines.append(f'no_inline -module "{module}"')
        lines += [
            f'public_flat_rd -module "{module}" -var "{port["name"]}"'
            for port in ports
            if port["name"] != "clk"
        ]
    return "\n".join(["`verilator_config", *lines, ""])


def with_held_reset(emitted: Emitted) -> str:
    """
    Verilog of ``HARNESS_TOP``: the component with ``rst`` one cycle late, out of a register.

    From a port, reset leads into all of the component's logic, and Verilator would evaluate all of
    it anew in both halves of every cycle.
    """
    ports = emitted.manifest["ports"]
    declared, connected = [], []
    for port in ports:
        vector = f"[{port['width'] - 1}:0] " if port["width"] > 1 else ""
        declared.append(f"{port['direction']}put {vector}{port['name']}")
        connected.append(
            f".{port['name']}({'held_rst' if port['name'] == 'rst' else port['name']})"
        )
    return (
        f"module {HARNESS_TOP}(\n  " + ",\n  ".join(declared) + "\n);\n"
        "  reg held_rst = 1'b1;\n"
        "  always @(posedge clk) held_rst <= rst;\n"
        f"  {emitted.name} {emitted.name} (\n    " + ",\n    ".join(connected) + "\n  );\n"
        "endmodule\n"
    )
