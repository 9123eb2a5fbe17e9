"""Spans for the benches of units that work on them, and whose column each entry is."""

from itertools import accumulate, pairwise

__all__ = ["entry_lanes", "few", "group_span", "random_sizes", "single_span"]


def few(config, start, stop):
    """Whether there are no more entries than lanes."""
    return int((stop - start) % 65536 <= config.lanes)


def single_span(config, rng, start, stop):
    """A column by itself; what stands for the ends of further ones is anything."""
    return {
        "end": 0,
        "single": 1,
        "few": few(config, start, stop),
        "start": start,
        "stop": stop,
        "ends": [rng.getrandbits(7) for _ in range(config.group_max - 1)],
        "values": [rng.getrandbits(16) for _ in range(config.group_max)],
    }


def group_span(config, rng, start, sizes):
    """Columns of ``sizes`` entries each, at most 127 in all; those beyond have none."""
    sizes = [*sizes, *[0] * (config.group_max - len(sizes))]
    return {
        "end": 0,
        "single": 0,
        "few": few(config, start, start + sum(sizes)),
        "start": start,
        "stop": start + sum(sizes),
        "ends": list(accumulate(sizes))[:-1],
        "values": [rng.getrandbits(16) for _ in range(config.group_max)],
    }


def random_sizes(config, rng, most=127):
    """Sizes of a group's columns, many of them empty, ``most`` entries in all."""
    sizes = []
    for _ in range(config.group_max):
        size = rng.choice([0, 0, 1, 1, 2, 3, rng.randint(0, 20), rng.randint(0, 127)])
        sizes.append(min(size, most - sum(sizes)))
    return sizes


def entry_lanes(span):
    """What a lane must have for each entry of a span: whether it is its column's first, and the
    column's activation."""
    borders = [0, *([] if span["single"] else span["ends"]), span["stop"] - span["start"]]
    lanes = []
    for column, (low, high) in enumerate(pairwise(borders)):
        for entry in range(low, high):
            lanes.append({"first": int(entry == low), "value": span["values"][column]})
    return lanes
