"""Many units at once, each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from .jobs import Job
from .run import Run, Setting, run_job

__all__ = ["Progress", "run_jobs"]

J = TypeVar("J", bound=Job)

Progress = Callable[[Run[Any] | None, Sequence[Job]], object]
"""Called with what has just been done, None at the start, and the jobs under way."""


def run_jobs(
    jobs: Sequence[J],
    setting: Setting,
    workers: int,
    progress: Progress = lambda done, under_way: None,
) -> list[Run[J]]:
    """Synthesise units, PEs first, which are the biggest; results in the order of ``jobs``. The
    first error ends the run, once the units under way are done (they are kept), and names its
    unit."""
    order = sorted(range(len(jobs)), key=lambda k: (jobs[k].name != "eie.pe", k))
    results: dict[int, Run[J]] = {}
    if workers == 1 or len(jobs) == 1:
        for k in order:
            progress(None, [jobs[k]])
            with _named(jobs[k]):
                results[k] = run_job(jobs[k], setting)
            progress(results[k], [])
        return [results[k] for k in range(len(jobs))]
    with ProcessPoolExecutor(min(workers, len(jobs)), get_context("spawn")) as pool:
        futures: dict[Future[Run[J]], int] = {
            pool.submit(run_job, jobs[k], setting): k for k in order
        }
        try:
            progress(None, [jobs[k] for k in order[:workers]])
            for future in as_completed(futures):
                k = futures[future]
                with _named(jobs[k]):
                    results[k] = future.result()
                under_way = [k for k in order if k not in results][:workers]
                progress(results[k], [jobs[k] for k in under_way])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [results[k] for k in range(len(jobs))]


@contextmanager
def _named(job: Job) -> Iterator[None]:
    """Errors of the flow with the unit in front."""
    try:
        yield
    except (ValueError, OSError, RuntimeError) as error:
        raise RuntimeError(f"{job.label}: {error}") from error
