"""What the event counter says of every pass of a program."""

import numpy as np

from sim.entries import split_mask
from sim.events import layer_events
from sw.golden.eie import GoldenEie


def sources(network, vector):
    """The activations that each layer of a network reads in one inference."""
    trace = GoldenEie(network).trace(vector[None])
    return [vector, *(layer.output.numpy()[0] for layer in trace[:-1])]


def pass_events(program, network, vector):
    """For each layer, the events of its passes. Which rows, columns and plane a pass has, and its
    group, is read from the program; what it has to do there, from the network."""
    config = program.config
    n_pe = config.n_pe
    layers = []
    for layer, info, source in zip(
        network.layers, program.layers, sources(network, vector), strict=True
    ):
        events, row, rows, column = [], 0, 0, 0
        for step in program.passes[info.first_pass : info.first_pass + info.passes]:
            if step.bias_rows:
                row, column = row + rows, 0
                rows = step.bias_rows * (1 if step.split else n_pe)
            plane, first = divmod(column, layer.columns)
            columns = slice(first, first + step.columns)
            mask = layer.planes[plane].index[row : row + rows, columns] != 0
            if step.split:
                mask = split_mask(mask, n_pe)
            events.append(
                layer_events(
                    mask,
                    source[columns],
                    n_pe,
                    config.queue_depth,
                    rows_per_batch=len(mask),
                    lanes=config.lanes,
                    group=1 << step.group,
                )
            )
            column += step.columns
        assert row + rows >= layer.rows and column == layer.columns * len(layer.planes)
        layers.append(events)
    return layers


def entry_counts(layers):
    """Entries, padding entries, empty and busy cycles of an inference: (entries and padding of all
    PEs, then one array (n_pe,) each)."""
    every = [events for layer in layers for events in layer]
    empty = np.sum([events.empty for events in every], axis=0)
    busy = np.sum([events.busy for events in every], axis=0)
    return sum(e.entries for e in every), sum(e.padding for e in every), empty, busy
