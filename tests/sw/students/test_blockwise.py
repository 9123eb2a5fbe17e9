from dataclasses import replace

import pytest
import torch

from sw.students.blockwise import blockwise_of, blockwise_task, outputs
from sw.students.distil import distances
from sw.students.recipes import Recipe
from sw.students.training import train
from tests.sw.students.small import check_going_on, network, split

RECIPE = Recipe(epochs=4, batch=32, rate=0.05, reach=0, flip=False)


@pytest.fixture
def teacher():
    return network()


@pytest.fixture
def single(teacher):
    """As it is trained."""
    return teacher.float()


def test_a_student_has_its_teachers_weights_and_short_skips_alone(teacher):
    model = blockwise_of(teacher)
    assert model.open_skips == 0
    assert [float(block.short) for block in model.blocks] == [1, 1, 1]
    assert teacher.open_skips == 3
    wanted = dict(teacher.named_parameters())
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, wanted[name]), name


@pytest.mark.parametrize("own", [False, True])
def test_blocks_learn_by_themselves(teacher, own):
    model = blockwise_of(teacher).train()
    taught = teacher.features(split().train.real(slice(0, 8)).double())
    found = outputs(model, [each.detach() for each in taught], own)
    for number in range(3):
        model.zero_grad()
        distances(found, taught[1:])[number].backward(retain_graph=True)
        moved = {
            name.rpartition(".weight")[0]
            for name, parameter in model.named_parameters()
            if parameter.grad is not None and name.endswith("weight") and parameter.grad.any()
        }
        inside = {"conv1", "bn1", "conv2", "bn2"} | (
            {"project.0", "project.1"} if number else set()
        )
        assert moved == {f"blocks.{number}.{name}" for name in inside}


def test_what_blocks_read(teacher):
    model = blockwise_of(teacher)
    stem, first, second, third = teacher.features(split().train.real(slice(0, 8)).double())
    blocks = model.blocks
    from_teacher = outputs(model, [stem, first, second, third], own=False)
    for found, wanted in zip(
        from_teacher, (blocks[0](stem), blocks[1](first), blocks[2](second)), strict=True
    ):
        assert torch.equal(found, wanted)
    assert torch.equal(
        outputs(model, [stem, first, second, third], own=True)[2],
        blocks[2](blocks[1](blocks[0](stem))),
    )


def test_own_inputs_come_in_the_second_half(single):
    model = blockwise_of(single)
    task = blockwise_task(model, single)
    x = split().train.real(slice(0, 8))
    losses = {}
    for progress in (0.0, 0.49, 0.5, 1.0):
        task.begin_step(progress)
        losses[progress] = float(task.loss(x, torch.zeros(8, dtype=torch.long)).detach())
    assert losses[0.0] == losses[0.49] != losses[0.5] == losses[1.0]
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        taught = single.features(x)
        apart = distances(outputs(model, taught, own=False), taught[1:])
    assert losses[0.0] == pytest.approx(float(apart.sum()), rel=1e-3)


def test_blocks_come_closer_and_the_rest_stays(single, tmp_path):
    model = blockwise_of(single)
    recipe = replace(RECIPE, epochs=6)
    found = list(train(blockwise_task(model, single), split(), recipe, tmp_path / "a"))
    losses = [epoch.loss for epoch in found]
    assert losses[2] < 0.6 * losses[0]
    assert losses[5] < losses[3]
    assert {epoch.skips for epoch in found} == {0}
    teacher = single.state_dict()
    for name, tensor in model.state_dict().items():
        if not name.startswith("blocks."):
            assert torch.equal(tensor, teacher[name]), name


def test_going_on_is_like_not_having_stopped(single, tmp_path):
    check_going_on(lambda: blockwise_task(blockwise_of(single), single), RECIPE, tmp_path, stop=3)
