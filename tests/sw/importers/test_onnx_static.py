"""A network of digits that ONNX Runtime quantised."""

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from torch import nn

from sw.golden.cnn import GoldenCnn
from sw.importers.onnx_import import OnnxImportError, import_onnx
from sw.students.digits import digits
from tests.sw.importers.models import run


class Calibration(CalibrationDataReader):
    def __init__(self, images):
        self.batches = iter([{"image": images}])

    def get_next(self):
        return next(self.batches, None)


def trained(split):
    torch.manual_seed(1)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 24, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(24, 10),
    )
    x, labels = split.train.real(), torch.from_numpy(split.train.labels)
    steps = torch.optim.Adam(net.parameters(), 0.02)
    for _ in range(400):
        rows = torch.randint(len(x), (64,))
        steps.zero_grad()
        nn.functional.cross_entropy(net(x[rows]), labels[rows]).backward()
        steps.step()
    return net


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Its file in floats, and images to calibrate with."""
    split = digits()
    arrays = {name: array.numpy() for name, array in trained(split).state_dict().items()}

    def node(kind, inputs, output, **attributes):
        return helper.make_node(kind, inputs.split(), [output], output, **attributes)

    nodes = [
        node("Conv", "image 0.weight 0.bias", "conv0", pads=[1] * 4),
        node("Relu", "conv0", "relu0"),
        node("MaxPool", "relu0", "max", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", "max 3.weight 3.bias", "conv1", pads=[1] * 4),
        node("Relu", "conv1", "relu1"),
        node("GlobalAveragePool", "relu1", "mean"),
        node("Flatten", "mean", "flat"),
        node("Gemm", "flat 7.weight 7.bias", "logits", transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", 1, ["batch", 1, 8, 8])],
        [helper.make_tensor_value_info("logits", 1, ["batch", 10])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    path = tmp_path_factory.mktemp("onnx") / "float.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def quantised(path, images=None, **options):
    out = path.with_name("int8.onnx")
    images = digits().train.real(slice(300)).numpy() if images is None else images
    quantize_static(
        path,
        out,
        Calibration(images),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        **options,
    )
    return out


PER_CHANNEL = {
    "per_channel": True,
    "extra_options": {"TensorQuantOverrides": {"7.weight": [{"quant_type": QuantType.QInt8}]}},
}


@pytest.mark.parametrize("options", [{}, PER_CHANNEL], ids=["per tensor", "per channel"])
def test_classes(network, options):
    path = quantised(network, **options)
    imported = import_onnx(path)
    first = imported.graph.nodes[0]
    ratios = first.multiplier * 2.0**-first.shift
    assert len(ratios.unique()) == (8 if options else 1)
    test, scale = digits().test, imported.scales["input"]
    images = np.rint(test.real().numpy() / scale).clip(0, 255).astype(np.uint8)
    mine = GoldenCnn(imported.graph).classes(images).numpy()
    theirs = run(onnx.load(path), images * np.float32(scale))[0].argmax(axis=1)
    assert (mine == theirs).mean() >= 0.99
    assert (mine == test.labels).mean() > 0.9


def test_scales_that_a_linear_layer_may_not_have(network):
    path = quantised(network, per_channel=True)
    with pytest.raises(OnnxImportError, match=r"logits \(Gemm\): .* a scale per channel"):
        import_onnx(path)


def test_images_around_a_mean(network):
    """Pixels below 0 take a zero point."""
    path = quantised(network, digits().train.real(slice(300)).numpy() - np.float32(0.5))
    with pytest.raises(OnnxImportError, match=r"\(QuantizeLinear\): its zero point must be 0"):
        import_onnx(path)
