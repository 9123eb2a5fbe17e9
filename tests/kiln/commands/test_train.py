import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiln.cli import app
from sw.network import Network


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_quick_training_writes_a_network_and_how_it_was_made(tmp_path: Path) -> None:
    out = tmp_path / "small.safetensors"
    result = CliRunner().invoke(
        app, ["train", "mittos", "--quick", "--sparsity", "97", "--seed", "5", "--out", str(out)]
    )
    assert result.exit_code == 0, result.output
    network = Network.load(out)
    assert network.sizes == [110, 352, 352, 352, 352, 352, 128, 32, 1]
    facts = json.loads(out.with_suffix(".json").read_text())
    assert facts["command"] == "kiln train mittos --sparsity 97 --seed 5 --quick"
    assert facts["sparsity"] == pytest.approx(0.97, abs=1e-5)
    assert list(facts["steps"]) == ["dense", "prune90", "prune95", "prune97", "share97"]
    names = sorted(p.name for p in (tmp_path / "build/train/mittos_5_quick").iterdir())
    assert names == sorted(f"{stage}.safetensors" for stage in facts["steps"])


def test_the_other_network(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["train", "mittos", "--network", "good_custom", "--quick"])
    assert result.exit_code == 0, result.output
    out = tmp_path / "build/train/mittos_good_custom_98.safetensors"
    assert Network.load(out).sizes == [110, 128, 256, 256, 256, 512, 384, 128, 32, 16, 1]
    facts = json.loads(out.with_suffix(".json").read_text())
    assert (
        facts["command"] == "kiln train mittos --network good_custom --sparsity 98 --seed 1 --quick"
    )
    assert facts["sparsity"] == pytest.approx(0.98, abs=1e-5)
    assert (tmp_path / "build/train/mittos_good_custom_1_quick/share98.safetensors").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sparsity", "100"], "--sparsity is a percentage from 0 to below 100, not 100"),
        (["--network", "none"], "--network is precise_linear or good_custom, not 'none'"),
        (["--out", "net.bin"], "--out must end in .safetensors, not 'net.bin'"),
    ],
)
def test_refusals(options: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["train", "mittos", "--quick", *options])
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())
