"""The C interface of the harness, ``sim/harness/kiln.h``, seen from Python."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["HarnessError", "Protocol", "Result", "load_library"]


class Result(IntEnum):
    """Codes of the harness, as ``sim/harness/kiln.h`` has them."""

    OK = 0
    TIMEOUT = 1
    BUS = 2
    STOPPED = 3
    LENGTH = 4


_MEANING = {
    Result.TIMEOUT: "no answer within the cycle limit",
    Result.BUS: "the bus answered with an error",
    Result.STOPPED: "the machine went idle without a result",
    Result.LENGTH: "the result has another length than expected",
}


class HarnessError(RuntimeError):
    """A call into the model did not succeed; ``code`` says how."""

    def __init__(self, what: str, code: Result) -> None:
        super().__init__(f"{what}: {_MEANING[code]}")
        self.code = code


@dataclass(frozen=True)
class Protocol:
    """Addresses and bits by which a machine runs: see ``kiln_protocol`` in the harness."""

    control: int
    start: int
    status: int
    ready_mask: int
    ready_value: int
    loading: int
    active: int
    cycles: int

    def to_c(self) -> ctypes.Structure:
        """The same as a structure of C, to be passed by reference."""
        return _Protocol(**asdict(self))


class _Protocol(ctypes.Structure):
    _fields_ = [(field.name, ctypes.c_uint32) for field in fields(Protocol)]


_WORDS = np.ctypeslib.ndpointer(np.uint64, flags="C_CONTIGUOUS")
_COUNTS = np.ctypeslib.ndpointer(np.uint32, flags="C_CONTIGUOUS")
_SIZE, _SIZE_OUT = ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t)
_U32, _U64, _INT = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int
_U32_OUT, _INT_OUT, _HANDLE = ctypes.POINTER(_U32), ctypes.POINTER(_INT), ctypes.c_void_p

_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "create": (_HANDLE, [ctypes.c_char_p]),
    "destroy": (None, [_HANDLE]),
    "trace": (None, [_HANDLE, _INT]),
    "stalls": (None, [_HANDLE, _U64, _U32, _U32]),
    "cycles": (_U64, [_HANDLE]),
    "irq": (_INT, [_HANDLE]),
    "step": (None, [_HANDLE, _U64]),
    "reset": (None, [_HANDLE, _U64]),
    "wait_irq": (_INT, [_HANDLE, _U64]),
    "write": (_INT, [_HANDLE, _U32, _U32, _U64]),
    "read": (_INT, [_HANDLE, _U32, _U32_OUT, _U64]),
    "send": (_INT, [_HANDLE, _WORDS, _SIZE, _INT, _SIZE_OUT, _U64]),
    "receive": (_INT, [_HANDLE, _WORDS, _SIZE, _SIZE_OUT, _INT_OUT, _U32_OUT, _U64]),
    "infer": (
        _INT,
        [
            *(_HANDLE, ctypes.POINTER(_Protocol), _WORDS, _SIZE, _SIZE),
            *(_WORDS, _SIZE, _COUNTS, _SIZE_OUT, _U64),
        ],
    ),
    "flow": (
        _INT,
        [_HANDLE, _WORDS, *3 * [_SIZE], _WORDS, _SIZE, _WORDS, _WORDS, _SIZE_OUT, _U64],
    ),
}


def load_library(path: Path) -> dict[str, Callable[..., Any]]:
    """The functions of a model's library, by their names without ``kiln_``."""
    library = ctypes.CDLL(str(path))
    functions = {}
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, f"kiln_{name}")
        function.restype, function.argtypes = result, arguments
        functions[name] = function
    return functions
