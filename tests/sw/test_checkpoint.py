from pathlib import Path

import pytest
import torch
from torch import nn

from sw import checkpoint


def test_there_and_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.ones(4, 3)).square().sum().backward()
        optimizer.step()
    path = tmp_path / "deep" / "a.safetensors"
    checkpoint.save(path, model, optimizer, {"step": 3, "rates": [0.5, 1.0]})
    state, moments, note = checkpoint.load(path)
    assert note == {"step": 3, "rates": [0.5, 1.0]}
    other = nn.Linear(3, 2)
    again = torch.optim.Adam(other.parameters(), lr=0.1)
    other.load_state_dict(state)
    again.load_state_dict(again.state_dict() | {"state": moments})
    for m, o in ((model, optimizer), (other, again)):
        o.zero_grad()
        m(torch.ones(4, 3)).square().sum().backward()
        o.step()
    assert torch.equal(model.weight, other.weight) and torch.equal(model.bias, other.bias)
    assert list(path.parent.iterdir()) == [path]


def test_refuses_other_files(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"\x00" * 40)
    with pytest.raises(ValueError, match=r"a\.safetensors is not a checkpoint of a training"):
        checkpoint.load(path)
