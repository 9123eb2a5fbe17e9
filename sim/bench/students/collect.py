"""What students have come to, out of their checkpoints, and the networks that ship."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from sim.bench.students.plan import Plan
from sim.bench.students.results import Comparison, EpochRow, Golden, MethodRow, Run, Shipped, State
from sw.golden.cnn_file import read_graph
from sw.students.distil import teacher_task
from sw.students.images import Split
from sw.students.provenance import command
from sw.students.quantise import golden_accuracy
from sw.students.report import Facts
from sw.students.stages import TEACHER, digest
from sw.students.study import METHODS
from sw.students.training import accuracy, history

__all__ = ["compare", "shipped", "time_golden"]


def compare(plan: Plan, split: Split | None) -> Comparison:
    """All methods of a plan as far as they are there; with ``split`` the teacher is judged too."""
    place, study = plan.place, plan.place.study
    found, judged = None, None
    if place.done(TEACHER, plan.teacher_seed):
        teacher = place.trained(TEACHER, plan.teacher_seed)
        found = digest(teacher)
        if split is not None:
            judged = accuracy(teacher_task(teacher, study.teacher).predict, split.validation)
    return Comparison(
        data=study.name,
        network=place.network,
        width=place.width,
        skips=sum(study.shape(place.network, place.width).blocks),
        epochs=plan.epochs,
        teacher_seed=plan.teacher_seed,
        images=None if split is None else len(split.validation),
        teacher=judged,
        methods=[
            MethodRow(
                method=name,
                words=method.words,
                runs=[_run(plan, name, seed, found) for seed in plan.seeds],
            )
            for name, method in METHODS.items()
        ],
        missing=[f"{command(place, each)} --resume" for each in plan.all_missing()],
    )


def _run(plan: Plan, method: str, seed: int, teacher: str | None) -> Run:
    """A method with a seed; ``teacher`` is the digest of the one that it is to have."""
    place = plan.place
    notes = [
        place.note(each.stage, seed)
        for each in plan.trainings(method, seed)
        if place.checkpoint(each.stage, seed).exists()
    ]
    return Run(
        seed=seed,
        state=_state(plan, method, seed, notes, teacher),
        epochs=[note["recipe"]["epochs"] for note in notes],
        features=notes[-1]["recipe"]["features"] if notes else 0.0,
        history=_epochs(notes),
    )


def _state(
    plan: Plan, method: str, seed: int, notes: list[dict[str, Any]], teacher: str | None
) -> State:
    """A checkpoint that does not name its teacher, from before they did, has that of its seed."""
    how = METHODS[method]
    if plan.missing(method, seed):
        there = len(notes) == len(how.stages) - how.needs_teacher
        return "unfinished" if there else "not trained"
    if how.needs_teacher:
        named = notes[-1].get("teacher", {"seed": seed, "digest": teacher})
        if teacher is None or named != {"seed": plan.teacher_seed, "digest": teacher}:
            return "other teacher"
    return "trained" if history(notes[-1]) else "no history"


def _epochs(notes: list[dict[str, Any]]) -> list[EpochRow]:
    """Those of several trainings, numbered through."""
    rows: list[EpochRow] = []
    before = 0
    for note in notes:
        rows += [
            EpochRow(
                number=before + each.number,
                loss=each.loss,
                validation=each.validation,
                skips=each.skips,
            )
            for each in history(note)
        ]
        before += note["epochs"]
    return rows


def shipped(folder: Path) -> list[Shipped]:
    """The networks of images in a folder, by name."""
    return [
        Shipped(name=path.stem, facts=Facts.model_validate_json(path.read_text()))
        for path in sorted(folder.glob("cnn_*.json"))
    ]


def time_golden(path: Path, split: Split) -> Golden:
    """The integer golden model of a network (.safetensors) on all test images, with as many threads
    as PyTorch has now."""
    graph, _ = read_graph(path)
    start = perf_counter()
    right = golden_accuracy(graph, split.test)
    return Golden(
        name=path.stem,
        images=len(split.test),
        seconds=perf_counter() - start,
        threads=torch.get_num_threads(),
        accuracy=right,
    )
