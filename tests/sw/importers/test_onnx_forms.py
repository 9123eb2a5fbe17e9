"""Ways to write the same network in ONNX become the same integers."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from sw.importers.onnx_import import import_onnx
from tests.sw.importers.comparing import assert_same, imported
from tests.sw.importers.models import (
    constant,
    named,
    powers_of_two,
    said,
    saved,
    small,
    some_scales,
    unsaid,
)


def test_narrower_weights_of_qcdq(tmp_path):
    """Brevitas: floats behind QuantizeLinear and Clip; constants that nodes give."""
    scales = some_scales()
    built = small("qdq", scales, 4)
    wide = imported(small("qdq", scales, 4), tmp_path)
    model = built.model()
    for name in ("a.w", "b.w"):
        integers = built.constants[f"{name}.int"]
        per_channel = np.broadcast_to(built.constants[f"{name}.scale"], len(integers))
        real = integers * per_channel.reshape(-1, 1, 1, 1).astype(np.float32)
        real[integers == -8] *= 3
        constant(f"{name}.int", real)(model)
        limits = [
            helper.make_node("Constant", [], [f"{name}.{at}"], value=numpy_helper.from_array(limit))
            for at, limit in (("low", np.array(-8, np.int8)), ("high", np.array(7, np.int8)))
        ]
        back = next(node for node in model.graph.node if node.name == name)
        first = helper.make_node("QuantizeLinear", back.input, [f"{name}.q"], f"{name}.q", axis=0)
        clip = helper.make_node("Clip", [f"{name}.q", f"{name}.low", f"{name}.high"], [f"{name}.c"])
        back.input[0] = f"{name}.c"
        for node in reversed([first, *limits, clip]):
            model.graph.node.insert(0, node)
    assert_same(import_onnx(saved(model, tmp_path)), wide)


def test_integers_of_four_bits(tmp_path):
    wide = imported(small("qdq", some_scales(), 4), tmp_path)
    model = small("qdq", some_scales(), 4).model()
    for each in model.graph.initializer:
        if each.name in ("a.w.int", "a.w.zero", "linear.w.int", "linear.w.zero"):
            values = numpy_helper.to_array(each)
            each.CopyFrom(
                helper.make_tensor(each.name, TensorProto.INT4, values.shape, values.flatten())
            )
    assert_same(import_onnx(saved(model, tmp_path)), wide)


def test_narrow_quant_clips(tmp_path):
    built = small("qonnx", powers_of_two(), 4)
    values = built.constants["a.w.float"] / np.float32(powers_of_two()["wa"].reshape(-1, 1, 1, 1))
    model = built.model()
    said("a.w", narrow=1)(model)
    found = import_onnx(saved(model, tmp_path)).graph.nodes[0].weight.numpy()
    assert values.min() == -8
    assert np.array_equal(found, values.clip(-7, 7))


@pytest.mark.parametrize("target", [[-1, 6], [0, -1], [1, 6]])
def test_reshape(target, tmp_path):
    built = small("qdq", some_scales())
    built.nodes[:] = [node for node in built.nodes if node.name != "flatten"]
    place = next(i for i, node in enumerate(built.nodes) if node.name == "linear")
    built.constant("target", np.array(target, np.int64))
    inputs = ["quantise_mean.back.out", "target"]
    reshaped = helper.make_node("Reshape", inputs, ["flatten.out"], "reshape")
    built.nodes.insert(place, reshaped)
    assert_same(imported(built, tmp_path), imported(small("qdq", some_scales()), tmp_path))


def test_what_makes_no_difference(tmp_path):
    """Nodes without names have their operator's; a quantiser of the logits, whatever its zero
    point, an Identity of constants, scales that are all the same, and no Relu before unsigned."""
    wanted = imported(small("qdq", some_scales()), tmp_path)
    built = small("qdq", some_scales())
    built.quantiser("quantise_logits", 0.01)
    built.constants["quantise_logits.zero"] = np.uint8(100)
    built.constants["linear.w.scale"] = np.repeat(built.constants["linear.w.scale"], 5)
    built.constants["linear.w.zero"] = np.zeros(5, np.int8)
    model = built.model()
    nodes = list(model.graph.node)
    relu = next(node for node in nodes if node.name == "a_relu")
    for node in nodes:
        node.input[:] = [relu.input[0] if name == relu.output[0] else name for name in node.input]
    model.graph.node.remove(relu)
    model.graph.node.insert(0, helper.make_node("Identity", ["b.w.int"], ["same"]))
    next(node for node in model.graph.node if node.name == "b.w").input[0] = "same"
    assert_same(import_onnx(saved(model, tmp_path)), wanted)
    for node in model.graph.node:
        node.name = "" if node.name in ("a", "linear") else node.name
    names = [node.name for node in import_onnx(saved(model, tmp_path)).graph.nodes]
    assert names[0].startswith("Conv_") and names[-1].startswith("Gemm_")


def test_what_is_left_to_defaults(tmp_path):
    """Zero points are 0, a Quant is signed, wide and rounds; initialisers may be inputs too."""
    wanted = imported(small("qdq", some_scales()), tmp_path)
    model = small("qdq", some_scales()).model()
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            del node.input[2]
    scale = helper.make_tensor_value_info("a.w.scale", TensorProto.FLOAT, [4])
    model.graph.input.append(scale)
    assert_same(import_onnx(saved(model, tmp_path)), wanted)
    wanted = imported(small("qdq", some_scales(), 4), tmp_path)
    assert wanted.graph.nodes[0].weight.min() == -8
    model = small("qonnx", some_scales(), 4).model()
    unsaid("a.w", "signed", "narrow", "rounding_mode")(model)
    said("b.w", rounding_mode="round")(model)
    for name in ("quantise_b", "linear.w"):
        named(model, name).op_type = "IntQuant"
    assert_same(import_onnx(saved(model, tmp_path)), wanted)


def test_constants_that_nodes_give(tmp_path):
    wanted = imported(small("qonnx", some_scales()), tmp_path)
    model = small("qonnx", some_scales()).model()
    for name, kind, value in (
        ("quantise_a.bits", "value_float", 8.0),
        ("quantise_a.zero", "value_int", 0),
        ("linear.b.zero", "value_floats", [0.0] * 5),
    ):
        old = next(each for each in model.graph.initializer if each.name == name)
        model.graph.initializer.remove(old)
        model.graph.node.insert(0, helper.make_node("Constant", [], [name], **{kind: value}))
    assert_same(import_onnx(saved(model, tmp_path)), wanted)
