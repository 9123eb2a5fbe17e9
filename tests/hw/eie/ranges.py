"""Entries of a column, as pointer read gives them to sparse-matrix read."""


def column_range(start, stop, value, end=0):
    """A token with the entries [start, stop), and what is said of them beside."""
    return {
        "end": end,
        "start": start,
        "stop": stop,
        "value": value,
        "empty": int(stop <= start),
        "backwards": int(stop < start),
        "single": int(stop == (start + 1) % 65536),
    }
