import pytest
import torch

from sim.bench.students.collect import compare, shipped, time_golden
from sim.bench.students.plan import Plan
from sw import checkpoint
from sw.students.digits import digits
from sw.students.provenance import Training, stage_of
from sw.students.stages import Place, teacher_stage
from sw.students.study import METHODS
from sw.weights import FOLDER
from tests.sw.students.small import split, study


def run(stage, epochs=None):
    for epoch in stage.train(split(), resume=True):
        if epoch.number == epochs:
            break


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def plan(tmp_path_factory, one_thread):
    """All methods with one seed, from the second teacher of two."""
    place = Place(tmp_path_factory.mktemp("students"), study(), "resnet8", 4)
    plan = Plan(place, epochs=3, seeds=(1,), teacher_seed=2)
    run(teacher_stage(place, 2, 1))
    for training in plan.all_missing():
        run(stage_of(place, training))
    return plan


def states(comparison):
    return {row.method: [run.state for run in row.runs] for row in comparison.methods}


def test_what_is_planned(tmp_path):
    plan = Plan(Place(tmp_path, study(), "resnet8", 4), 12)
    assert plan.trainings("fade", 2) == [Training("fade", 2, 12, 1)]
    assert plan.trainings("scratch", 2) == [Training("scratch", 2, 12)]
    blocks = [Training("blockwise", 2, 4, 1), Training("blocks", 2, 8, 1)]
    assert plan.trainings("blocks", 2) == plan.missing("blocks", 2) == blocks
    everything = list(plan.all_missing())
    assert len(everything) == len(set(everything)) == 1 + 2 * (len(METHODS) + 1)
    assert everything[0] == Training("teacher", 1, plan.place.study.teacher.epochs)
    assert [each.seed for each in everything[1:]] == [1] * 6 + [2] * 6
    with pytest.raises(ValueError, match="epochs must be at least 2, not 1"):
        Plan(plan.place, 1)


def test_nothing_there(tmp_path):
    comparison = compare(Plan(Place(tmp_path, study(), "resnet8", 4), 12), split())
    assert comparison.teacher is None
    assert states(comparison) == {name: ["not trained"] * 2 for name in METHODS}
    assert comparison.methods[0].mean is comparison.methods[0].spread is None
    assert comparison.curves == []
    words = "--data small --width 4 --seed 2"
    assert comparison.missing[0] == "kiln train teacher --data small --width 4 --seed 1 --resume"
    assert [line for line in comparison.missing if "blocks" in line][2:] == [
        f"kiln train blocks {words} --epochs 4 --teacher-seed 1 --resume",
        f"kiln train student {words} --epochs 8 --method blocks --teacher-seed 1 --resume",
    ]


def test_everything_there(plan):
    assert list(plan.all_missing()) == []
    comparison = compare(plan, split())
    assert states(comparison) == {name: ["trained"] for name in METHODS}
    note = plan.place.note("teacher", 2)
    assert comparison.teacher == note["history"][-1]["validation"]
    assert (comparison.images, comparison.skips, comparison.missing) == (64, 3, [])
    assert [method for method, _ in comparison.curves] == list(METHODS)
    for row in comparison.methods:
        [run] = row.runs
        assert run.epochs == ([1, 2] if row.method == "blocks" else [3])
        assert [epoch.number for epoch in run.history] == [1, 2, 3]
        assert not row.unlike(3) and row.unlike(4)
        last = plan.place.note(row.method, 1)["history"][-1]
        assert run.history[-1].skips == 0
        assert row.mean == run.validation == last["validation"]
        assert row.spread == (row.mean, row.mean)


def test_without_images_the_teacher_is_not_judged(plan):
    comparison = compare(plan, None)
    assert comparison.teacher is comparison.images is None
    assert states(comparison) == {name: ["trained"] for name in METHODS}


@pytest.mark.parametrize("teacher_seed", [1, 9])
def test_another_teacher_or_none(plan, teacher_seed):
    other = Plan(plan.place, 3, seeds=(1,), teacher_seed=teacher_seed)
    found = states(compare(other, split()))
    assert found.pop("scratch") == ["trained"]
    assert set(map(tuple, found.values())) == {("other teacher",)}


def test_a_run_that_is_not_done(plan):
    """Of both trainings of a method, the first is done, then the second begun."""
    other = Plan(plan.place, 3, seeds=(3,), teacher_seed=2)
    before, own = other.trainings("blocks", 3)
    run(stage_of(plan.place, before))
    assert states(compare(other, None))["blocks"] == ["not trained"]
    assert other.missing("blocks", 3) == [own]
    run(stage_of(plan.place, own), epochs=1)
    [found] = compare(other, None).methods[list(METHODS).index("blocks")].runs
    assert (found.state, found.validation) == ("unfinished", None)
    assert found.epochs == [1, 2] and len(found.history) == 2


def test_features_are_told_apart(plan):
    other = Plan(plan.place, 3, seeds=(4,), teacher_seed=2)
    run(stage_of(plan.place, Training("fade", 4, 3, 2, features=0.5)))
    row = compare(other, None).methods[0]
    assert row.runs[0].features == 0.5 and row.unlike(3)


def test_a_checkpoint_from_before_they_kept_history(plan):
    other = Plan(plan.place, 3, seeds=(5,), teacher_seed=2)
    stage = stage_of(plan.place, Training("scratch", 5, 3))
    run(stage)
    note = plan.place.note("scratch", 5)
    del note["history"]
    checkpoint.save(stage.path, stage.task.model, torch.optim.SGD([torch.zeros(1)]), note)
    assert states(compare(other, None))["scratch"] == ["no history"]


def test_a_checkpoint_from_before_they_named_their_teacher(plan):
    """The third has a teacher that is not there any more."""
    wanted_of = {(2, 2): "trained", (6, 2): "other teacher", (9, 9): "other teacher"}
    for (seed, teacher_seed), wanted in wanted_of.items():
        stage = stage_of(plan.place, Training("fade", seed, 3, 2))
        run(stage)
        note = plan.place.note("fade", seed)
        del note["teacher"]
        checkpoint.save(stage.path, stage.task.model, torch.optim.SGD([torch.zeros(1)]), note)
        other = Plan(plan.place, 3, seeds=(seed,), teacher_seed=teacher_seed)
        assert states(compare(other, None))["fade"] == [wanted]


def test_networks_that_ship_and_their_time():
    names = [each.name for each in shipped(FOLDER)]
    assert {"cnn_digits_residual", "cnn_digits_skipfree"} <= set(names)
    assert names == sorted(names)
    [network] = [each for each in shipped(FOLDER) if each.name == "cnn_digits_skipfree"]
    assert (network.data, network.shape) == ("digits", "resnet8, width 16")
    found = time_golden(FOLDER / "cnn_digits_skipfree.safetensors", digits())
    assert (found.name, found.images, found.threads) == ("cnn_digits_skipfree", 359, 1)
    assert found.accuracy == network.facts.test_integers
    assert 0 < found.seconds < 60
