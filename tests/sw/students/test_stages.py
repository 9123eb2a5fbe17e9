import pytest
import torch

from sw import checkpoint
from sw.students.provenance import Training, command, integers_command, trainings
from sw.students.stages import Place, blockwise_stage, digest, student_stage, teacher_stage
from sw.students.study import METHODS
from tests.sw.students.small import split, study


def run(stage):
    return list(stage.train(split()))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two teachers, and the blocks of a student of the first."""
    place = Place(tmp_path_factory.mktemp("students"), study(), "resnet8", 4)
    for seed in (1, 2):
        run(teacher_stage(place, 1, seed))
    run(blockwise_stage(place, 1, 5, teacher_seed=1))
    return place


def test_files(place):
    assert place.folder == place.root / "small_resnet8_w4"
    for name in ("teacher_1", "teacher_2", "blockwise_5"):
        assert (place.folder / f"{name}.safetensors").exists()


@pytest.mark.parametrize("method", METHODS)
def test_what_a_method_starts_from(place, method):
    stage = student_stage(place, method, 3, 5, teacher_seed=1)
    model, how = stage.task.model, METHODS[method]
    wanted = {"teacher": ("teacher", 1), "blockwise": ("blockwise", 5)}.get(how.start.value)
    other = place.new(5) if wanted is None else place.trained(*wanted)
    for name, parameter in other.named_parameters():
        assert torch.equal(model.state_dict()[name], parameter), name
    gates = (model.open_skips, sum(float(block.short) for block in model.blocks))
    assert gates == {"teacher": (3, 0), "blockwise": (0, 3), "new": (0, 0)}[how.start.value]
    recipe = stage.recipe
    assert (recipe.epochs, recipe.seed, recipe.features) == (3, 5, 0)
    assert recipe.rate == (0.1 if how.start.value == "new" else 0.05)
    assert recipe.taught == (0 if method == "scratch" else 0.9)
    assert stage.path == place.folder / f"{method}_5.safetensors"


@pytest.mark.parametrize("method", METHODS)
def test_methods_end_without_skips_and_name_their_teacher(place, method):
    [epoch] = run(student_stage(place, method, 1, 5, teacher_seed=1))
    assert epoch.skips == 0
    note = place.note(method, 5)
    teacher = {"seed": 1, "digest": digest(place.trained("teacher", 1))}
    assert note["teacher"] == (None if method == "scratch" else teacher)


def test_features_count(place):
    losses = []
    for features in (0.0, 0.5):
        stage = student_stage(place, "fade", 1, 5, 1, features)
        assert stage.recipe.features == features
        stage.task.model.set_gates([0.0] * 3, [1.0] * 3)
        x = split().train.real(slice(0, 8))
        losses.append(float(stage.task.loss(x, torch.zeros(8, dtype=torch.long)).detach()))
    assert losses[1] > losses[0]


def test_digests(place):
    first, second = (place.trained("teacher", seed) for seed in (1, 2))
    before = digest(first)
    assert len(before) == 16
    assert before == digest(place.trained("teacher", 1)) != digest(second)
    first.set_gates([0.0] * 3, [1.0] * 3)
    assert digest(first) != before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x", 1, 5, 1), "no method 'x'; there are fade, tailor, blocks, logits, scratch"),
        (("fade", 1, 5, 9), "teacher_9.safetensors is missing: train it first"),
        (("blocks", 1, 6, 1), "blockwise_6.safetensors is missing: train it first"),
        (("blocks", 1, 5, 2), "blockwise_5.safetensors has learnt from another teacher"),
        (("scratch", 1, 5, 1, 0.1), "scratch learns from labels alone, so that features must be 0"),
    ],
)
def test_refused(place, arguments, message):
    with pytest.raises(ValueError, match=message):
        student_stage(place, *arguments)


def test_new_weights_and_labels_need_no_teacher(place):
    assert run(student_stage(place, "scratch", 1, 7, teacher_seed=9))
    assert trainings(place, "scratch", 7) == [Training("scratch", 7, 1)]


def test_a_training_that_is_not_done(place):
    next(teacher_stage(place, 2, 8).train(split()))
    with pytest.raises(ValueError, match=r"teacher_8.safetensors has 1 of 2 epochs: --resume it"):
        place.trained("teacher", 8)


def test_no_such_network(tmp_path):
    with pytest.raises(ValueError, match="no network 'x'; there are resnet8"):
        Place(tmp_path, study(), "x", 4)


def test_what_a_network_came_from(place):
    run(student_stage(place, "blocks", 2, 5, 1, features=0.25))
    found = trainings(place, "blocks", 5)
    assert found == [
        Training("teacher", 1, 1),
        Training("blockwise", 5, 1, teacher_seed=1),
        Training("blocks", 5, 2, teacher_seed=1, features=0.25),
    ]
    words = "--data small --width 4 --seed"
    assert [command(place, each) for each in found] == [
        f"kiln train teacher {words} 1 --epochs 1",
        f"kiln train blocks {words} 5 --epochs 1 --teacher-seed 1",
        f"kiln train student {words} 5 --method blocks --features 0.25 --teacher-seed 1",
    ]
    line = integers_command(place, "blocks", 5, 3, 8, "cuda")
    assert " --device cuda --of" in line
    there = command(place, Training("fade", 5, 3, teacher_seed=5, device="cuda"))
    assert there.endswith(" --device cuda --method fade")
    line = integers_command(place, "blocks", 5, 3, 8)
    assert line == f"kiln train integers {words} 5 --epochs 3 --of blocks --bits 8"


def test_command_of_another_network(place):
    other = Place(place.root, place.study, "resnet20", 4)
    words = "--data small --network resnet20 --width 4 --seed 1"
    line = command(other, Training("fade", 1, 2, teacher_seed=1))
    assert line == f"kiln train student {words} --method fade"


def test_a_checkpoint_from_before_they_named_their_teacher(place, monkeypatch):
    stage = student_stage(place, "fade", 2, 1, teacher_seed=1)
    save = checkpoint.save
    with monkeypatch.context() as before:
        before.setattr(
            checkpoint,
            "save",
            lambda *given: save(*given[:3], {k: v for k, v in given[3].items() if k != "teacher"}),
        )
        next(stage.train(split()))
    assert trainings(place, "fade", 1) == [Training("teacher", 1, 1), Training("fade", 1, 2)]
    again = student_stage(place, "fade", 2, 1, teacher_seed=1)
    assert len(list(again.train(split(), resume=True))) == 1
    assert place.note("fade", 1)["teacher"]["seed"] == 1


def test_a_checkpoint_of_another_teacher_does_not_go_on(place):
    next(student_stage(place, "fade", 2, 4, teacher_seed=1).train(split()))
    other = student_stage(place, "fade", 2, 4, teacher_seed=2)
    with pytest.raises(ValueError, match="belongs to another training"):
        next(other.train(split(), resume=True))
