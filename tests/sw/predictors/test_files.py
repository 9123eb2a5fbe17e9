import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sw.network import NetworkError
from sw.predictors.files import load_predictor, save_predictor
from sw.predictors.score import score
from sw.predictors.ssd import SPECS
from tests.sim.bench.tail.halves import halves, judged


@pytest.mark.parametrize("name", SPECS)
def test_there_and_back(tmp_path, name):
    predictor = judged(name).deployed.predictor
    rows = predictor.spec.features.of(halves().trace)[:500]
    path = tmp_path / "net.safetensors"
    save_predictor(predictor, path, rows)
    again = load_predictor(SPECS[name], path)
    assert again.spec == predictor.spec
    assert np.array_equal(again.inputs(rows), predictor.inputs(rows))
    mine, theirs = (score(each.fit.compressed, each.inputs(rows)) for each in (again, predictor))
    assert np.array_equal(mine, theirs)
    layers = predictor.fit.compressed.layers
    zeros = sum(int((layer.weight == 0).sum()) for layer in layers)
    assert again.fit.sparsity == pytest.approx(zeros / sum(w.weight.size for w in layers))
    kept = load_file(path)["inputs"]
    assert np.array_equal(kept, predictor.inputs(rows))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scale_reach": None}, "scale_centre and scale_reach are missing, which the features of"),
        ({"scale_reach": np.zeros(29, np.float32)}, "scale_reach must be above 0"),
        ({"scale_centre": np.zeros(3, np.float32)}, "scale_centre must be 29 finite numbers"),
    ],
)
def test_scaling_that_does_not_fit(tmp_path, change, message):
    path = tmp_path / "net.safetensors"
    save_predictor(judged("kiln").deployed.predictor, path)
    arrays = load_file(path) | change
    save_file({name: array for name, array in arrays.items() if array is not None}, path)
    with pytest.raises(NetworkError, match=message):
        load_predictor(SPECS["kiln"], path)


def test_features_of_another_width(tmp_path):
    path = tmp_path / "net.safetensors"
    save_predictor(judged("kiln").deployed.predictor, path)
    with pytest.raises(NetworkError, match="heimdall takes 12 inputs and gives 1 or 2 outputs"):
        load_predictor(SPECS["heimdall"], path)
