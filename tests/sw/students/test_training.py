from dataclasses import replace

import pytest
import torch

from sw import checkpoint
from sw.students.blockwise import blockwise_of, blockwise_task
from sw.students.device import CPU, device_of, gradients_of
from sw.students.distil import divergence, student_of, student_task, teacher_task
from sw.students.recipes import Fade, Recipe
from sw.students.resnet import ResNet
from sw.students.training import accuracy, history, train
from tests.sw.students.small import SHAPE, check_going_on, split

RECIPE = Recipe(epochs=4, batch=32, rate=0.1, reach=0, flip=False)


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    model = ResNet(SHAPE, 1)
    path = tmp_path_factory.mktemp("teacher") / "teacher.safetensors"
    list(train(teacher_task(model, RECIPE), split(), RECIPE, path))
    return model.eval()


def test_a_teacher_learns(tmp_path):
    model = ResNet(SHAPE, 1)
    steps = []
    task = teacher_task(model, RECIPE)
    found = list(
        train(task, split(), RECIPE, tmp_path / "a", step_done=lambda *done: steps.append(done))
    )
    assert [epoch.number for epoch in found] == [1, 2, 3, 4]
    assert found[-1].validation > 0.7
    assert found[-1].loss < found[0].loss
    assert steps == [(k, 32) for k in range(1, 33)]


def test_going_on_is_like_not_having_stopped(tmp_path):
    check_going_on(lambda: teacher_task(ResNet(SHAPE, 1), RECIPE), RECIPE, tmp_path, stop=2)


def test_a_checkpoint_remembers_every_epoch(taught, tmp_path):
    path = tmp_path / "a"
    task = student_task(student_of(taught), taught, RECIPE, Fade(until=0.75))
    found = list(train(task, split(), RECIPE, path))
    assert history(checkpoint.load(path)[2]) == found
    assert [epoch.skips for epoch in found] == [2, 1, 0, 0]


def test_a_checkpoint_without_history_goes_on(tmp_path, monkeypatch):
    path = tmp_path / "a"
    save = checkpoint.save
    with monkeypatch.context() as before:
        before.setattr(
            checkpoint,
            "save",
            lambda *given: save(*given[:3], {k: v for k, v in given[3].items() if k != "history"}),
        )
        next(train(teacher_task(ResNet(SHAPE, 1), RECIPE), split(), RECIPE, path))
    assert history(checkpoint.load(path)[2]) == []
    task = teacher_task(ResNet(SHAPE, 1), RECIPE)
    rest = list(train(task, split(), RECIPE, path, resume=True))
    assert [epoch.number for epoch in rest] == [2, 3, 4]
    assert history(checkpoint.load(path)[2]) == rest


def test_a_checkpoint_of_another_training(tmp_path):
    path = tmp_path / "a"
    list(train(teacher_task(ResNet(SHAPE, 1), RECIPE), split(), RECIPE, path))
    other = replace(RECIPE, rate=0.05)
    with pytest.raises(ValueError, match="belongs to another training"):
        list(train(teacher_task(ResNet(SHAPE, 1), other), split(), other, path, resume=True))


def test_too_few_images(tmp_path):
    recipe = replace(RECIPE, batch=300)
    with pytest.raises(ValueError, match="256 images are fewer than a batch of 300"):
        list(train(teacher_task(ResNet(SHAPE, 1), recipe), split(), recipe, tmp_path / "a"))


def test_a_student_starts_as_its_teacher_and_ends_without_skips(taught, tmp_path):
    model = student_of(taught)
    x = split().test.real()
    with torch.no_grad():
        assert torch.equal(model(x), taught(x))
    before = {name: tensor.clone() for name, tensor in taught.state_dict().items()}
    recipe = replace(RECIPE, rate=0.05, taught=0.9, features=0.1)
    for _ in train(student_task(model, taught, recipe, Fade()), split(), recipe, tmp_path / "s"):
        pass
    assert model.open_skips == 0
    assert all(float(block.short) == 1 for block in model.blocks)
    assert accuracy(model, split().test) > 0.6
    for name, tensor in taught.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_divergence():
    logits = torch.randn(5, 10)
    assert divergence(logits, logits + 3, 4.0) == pytest.approx(0, abs=1e-5)
    target = torch.randn(5, 10)
    p = torch.softmax(target / 2, 1)
    wanted = (p * (torch.log_softmax(target / 2, 1) - torch.log_softmax(logits / 2, 1))).sum(1)
    assert divergence(logits, target, 2.0) == pytest.approx(4 * float(wanted.mean()), rel=1e-5)


def test_accuracy_takes_the_first_of_equal_logits():
    images = split().test
    flat = accuracy(lambda x: torch.zeros(len(x), 10), images)
    assert flat == pytest.approx(float((images.labels == 0).mean()))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cuda:99", "no device 'cuda:99' to train on: "),
        ("gpu", "no device 'gpu' to train on; there are cpu and cuda"),
    ],
)
def test_a_device_that_is_not_there(name, message):
    with pytest.raises(ValueError, match=message):
        device_of(name)
    assert device_of("cpu") == CPU


def test_gradients_take_the_place_of_earlier_ones(taught):
    model = student_of(taught)
    task = student_task(model, taught, replace(RECIPE, taught=0.5))
    x, labels = split().train.real(slice(0, 8)), torch.from_numpy(split().train.labels[:8])
    gradients = gradients_of(model, task.loss, CPU, steady=True)
    model.eval()
    losses, found = [], []
    for _ in range(2):
        losses.append(gradients(x, labels))
        found.append([weight.grad.clone() for weight in model.parameters()])
    assert losses[0] == losses[1] and not losses[0].requires_grad
    for first, second in zip(*found, strict=True):
        assert torch.equal(first, second)


def test_a_checkpoint_says_where_it_was_trained(taught, tmp_path):
    path = tmp_path / "a"
    task = student_task(student_of(taught), taught, RECIPE)
    next(train(task, split(), RECIPE, path))
    note = checkpoint.load(path)[2]
    assert note["device"] == "cpu"
    moved = {name: moments for name, moments in note.items() if name != "device"}
    checkpoint.save(path, task.model, torch.optim.SGD(task.model.parameters()), moved)
    assert [epoch.number for epoch in train(task, split(), RECIPE, path, resume=True)] == [2, 3, 4]


def test_tasks_know_their_teacher_and_whether_steps_are_alike(taught):
    assert student_task(student_of(taught), taught, RECIPE).teacher is taught
    assert teacher_task(ResNet(SHAPE, 1), RECIPE).teacher is None
    blocks = blockwise_task(blockwise_of(taught), taught)
    assert blocks.teacher is taught
    assert not blocks.steady and teacher_task(ResNet(SHAPE, 1), RECIPE).steady


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_recorded_step_is_the_step(taught):
    device = device_of("cuda")
    x, labels = split().train.real(slice(0, 8)).to(device), split().train.labels[:8]
    labels = torch.from_numpy(labels).to(device)
    found = []
    for steady in (False, True):
        model, teacher = student_of(taught).to(device), student_of(taught).to(device)
        task = student_task(model, teacher, replace(RECIPE, taught=0.5))
        gradients = gradients_of(model.train(), task.loss, device, steady)
        losses = [float(gradients(x, labels)) for _ in range(3)]
        state = [*model.buffers(), *(weight.grad for weight in model.parameters())]
        found.append((losses, [tensor.clone() for tensor in state]))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-3)
    for first, second in zip(found[0][1], found[1][1], strict=True):
        torch.testing.assert_close(first, second, rtol=2e-2, atol=2e-3)
