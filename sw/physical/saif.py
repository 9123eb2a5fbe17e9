"""
SAIF (Switching Activity Interchange Format, IEEE 1801) as simulators write it, read.

Only what power needs is kept: of every net, its transitions (``TC``) and the time that it was high
(``T1``), in the file's unit of time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Net", "Saif", "SaifError", "read_saif"]

_TOKEN = re.compile(r'"[^"]*"|[()]|(?:\\.|[^\s()"\\])+')


class SaifError(ValueError):
    """Text that is not SAIF; the message says which file and what is wrong."""


@dataclass(frozen=True)
class Net:
    """Transitions of a net, and how long it was high."""

    toggles: int
    high: int


@dataclass(frozen=True)
class Saif:
    """Duration, and nets by name: instances and net joined by ``/``, backslashes left out."""

    duration: int
    nets: Mapping[str, Net]


def read_saif(path: Path) -> Saif:
    """Reads a file; ``SaifError`` names it where it is none."""
    text = re.sub(r"^//.*$", "", path.read_text(), flags=re.M)
    tokens = (match[0] for match in _TOKEN.finditer(text))
    reader = _Reader(path, tokens)
    if next(tokens, "") != "(" or next(tokens, "") != "SAIFILE":
        raise SaifError(f"{path}: does not begin with (SAIFILE")
    reader.body()
    if reader.duration is None:
        raise SaifError(f"{path}: has no DURATION")
    return Saif(reader.duration, reader.nets)


class _Reader:
    """Walks through the brackets."""

    def __init__(self, path: Path, tokens: Iterator[str]):
        self.path = path
        self.tokens = tokens
        self.duration: int | None = None
        self.nets: dict[str, Net] = {}
        self._scope: list[str] = []

    def _take(self) -> str:
        token = next(self.tokens, None)
        if token is None:
            raise SaifError(f"{self.path}: ends inside a bracket")
        return token

    def _word(self) -> str:
        token = self._take()
        if token in "()":
            raise SaifError(f"{self.path}: a word is missing before {token!r}")
        return token

    def body(self) -> None:
        """What follows the word of a bracket, up to its end."""
        while (token := self._take()) != ")":
            if token != "(":
                continue
            keyword = self._word()
            if keyword == "INSTANCE":
                self._scope.append(_plain(self._word()))
                self.body()
                self._scope.pop()
            elif keyword == "NET":
                self._nets()
            else:
                value = self._skip()
                if keyword == "DURATION":
                    self.duration = self._number(value)

    def _nets(self) -> None:
        while self._take() == "(":
            name = "/".join([*self._scope, _plain(self._word())])
            values: dict[str, int] = {}
            while self._take() == "(":
                key = self._word()
                values[key] = self._number(self._word())
                self._take()
            if not {"TC", "T1"} <= values.keys():
                raise SaifError(f"{self.path}: net {name} lacks TC or T1")
            self.nets[name] = Net(values["TC"], values["T1"])

    def _skip(self) -> str:
        """The first word of a bracket, which is left behind."""
        first, depth = "", 1
        while depth:
            token = self._take()
            depth += {"(": 1, ")": -1}.get(token, 0)
            first = first or token
        return first

    def _number(self, text: str) -> int:
        try:
            return int(text)
        except ValueError as error:
            raise SaifError(f"{self.path}: {text!r} is no whole number") from error


def _plain(name: str) -> str:
    return name.replace("\\", "")
