"""
Files of convolutional networks in integers: safetensors, with all that is no array as JSON in their
metadata.

Arrays are ``{node}.weight`` int8, ``{node}.bias`` int32, ``{node}.shift`` int32 and, where there
is one, ``{node}.multiplier`` int32. The metadata has one entry, ``kiln``: the version of the
format, the image's shape and fraction bits, the nodes in order, each with its kind and what is no
array, and where the network comes from.

Version 2 has multipliers, which readers of version 1 would pass over; files of version 1 are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from sw.golden.cnn_graph import (
    QAdd,
    QConv,
    QLinear,
    QMaxPool,
    QNode,
    QPool,
    QuantisedGraph,
    QuantisedGraphError,
    Range,
)

__all__ = ["VERSION", "read_graph", "write_graph"]

VERSION = 2
_READABLE = (1, VERSION)
_KINDS: dict[str, type] = {
    "conv": QConv,
    "add": QAdd,
    "pool": QPool,
    "maxpool": QMaxPool,
    "linear": QLinear,
}
_ARRAYS = ("weight", "bias", "shift", "multiplier")


def write_graph(graph: QuantisedGraph, path: Path, provenance: Mapping[str, Any]) -> None:
    """Write a network to ``path`` (.safetensors); ``provenance`` is JSON values."""
    tensors: dict[str, Tensor] = {}
    nodes = []
    for node in graph.nodes:
        kind = next(name for name, cls in _KINDS.items() if isinstance(node, cls))
        facts: dict[str, Any] = {"kind": kind}
        for each in fields(node):
            value = getattr(node, each.name)
            if isinstance(value, Tensor):
                tensors[f"{node.name}.{each.name}"] = value.contiguous()
            else:
                facts[each.name] = value.value if isinstance(value, Range) else value
        nodes.append(facts)
    head = {
        "version": VERSION,
        "shape": graph.shape,
        "frac": graph.frac,
        "nodes": nodes,
        "provenance": dict(provenance),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, {"kiln": json.dumps(head)})


def read_graph(path: Path) -> tuple[QuantisedGraph, dict[str, Any]]:
    """A network and where it comes from. ``QuantisedGraphError`` names the file and what is wrong
    in it; nothing in it is executed."""
    try:
        with safe_open(path, "pt") as file:
            head = json.loads((file.metadata() or {})["kiln"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, json.JSONDecodeError) as error:
        raise QuantisedGraphError(f"{path}: is no network in integers: {error}") from error
    try:
        if head["version"] not in _READABLE:
            known = " and ".join(map(str, _READABLE))
            raise QuantisedGraphError(f"has the format {head['version']}; known are {known}")
        nodes = tuple(_node(facts, tensors, head["version"]) for facts in head["nodes"])
        channels, height, width = head["shape"]
        graph = QuantisedGraph(nodes, (channels, height, width), head["frac"])
    except QuantisedGraphError as error:
        raise QuantisedGraphError(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise QuantisedGraphError(f"{path}: its head is damaged: {error!r}") from error
    return graph, head["provenance"]


def _node(facts: Mapping[str, Any], tensors: Mapping[str, Tensor], version: int) -> QNode:
    """A node from its part of the head, and its arrays. What version 1 did not have is as if left
    out; later, nothing is."""
    cls, name = _KINDS[facts["kind"]], facts["name"]
    values: dict[str, Any] = {}
    for each in fields(cls):
        key = f"{name}.{each.name}"
        if each.name in facts:
            values[each.name] = facts[each.name]
        elif each.name in _ARRAYS and key in tensors:
            values[each.name] = tensors[key]
        elif version > 1 or each.default is MISSING:
            what = f"{key} is missing" if each.name in _ARRAYS else f"{name} has no {each.name}"
            raise QuantisedGraphError(what)
    if "range" in values:
        values["range"] = Range(values["range"])
    if "sources" in values:
        values["sources"] = tuple(values["sources"])
    node: QNode = cls(**values)
    return node
