"""The same work on many items: in processes here, or on a cluster through Dask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

__all__ = ["spread"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_PATIENCE_S = 10


def spread(
    function: Callable[[_Item], _Result],
    items: Sequence[_Item],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Callable[[], object] = lambda: None,
) -> list[_Result]:
    """
    ``function`` of each item, in their order. The first error ends the work.

    Parameters
    ----------
    function : callable
        One that other processes can import, as must be what it takes and gives.
    workers : int
        Processes on this machine; with one, the work is done in this process.
    scheduler : str, optional
        Address of a Dask scheduler (``tcp://host:8786``), whose workers do the work instead. They
        have to have Kiln. ``ConnectionError`` where nobody answers.
    progress : callable
        Called after each item.
    """
    if scheduler is not None:
        return _on_cluster(function, items, scheduler, progress)
    if workers == 1 or len(items) <= 1:
        results = []
        for item in items:
            results.append(function(item))
            progress()
        return results
    with ProcessPoolExecutor(min(workers, len(items)), get_context("spawn")) as pool:
        futures = [pool.submit(function, item) for item in items]
        try:
            for future in as_completed(futures):
                future.result()
                progress()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [future.result() for future in futures]


def _on_cluster(
    function: Callable[[_Item], _Result],
    items: Sequence[_Item],
    scheduler: str,
    progress: Callable[[], object],
) -> list[_Result]:
    import distributed  # takes a second that nobody else should wait for

    try:
        client = distributed.Client(scheduler, timeout=_PATIENCE_S)
    except (OSError, ValueError) as error:
        raise ConnectionError(f"no Dask scheduler answers at {scheduler}: {error}") from error
    with client:
        # Not pure: a result must not come from what another version left on the cluster.
        futures = client.map(function, items, pure=False)
        for future in distributed.as_completed(futures):
            future.result()
            progress()
        results: list[_Result] = client.gather(futures)
    return results
