"""Changes to small ONNX models after which they cannot be imported, and that they are refused."""

import re

import numpy as np
import onnx
import pytest

from sw.importers.onnx_import import OnnxImportError, import_onnx
from tests.sw.importers.models import (
    both,
    constant,
    dropped,
    inserted,
    named,
    said,
    saved,
    wired,
)


def renamed(name, to):
    return lambda model: setattr(named(model, name), "name", to)


def a_domain(model):
    named(model, "a").domain = "com.microsoft"
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))


def another_reader(model):
    node = onnx.helper.make_node("Relu", ["quantise_a.back.out"], ["other"], "other")
    model.graph.node.append(node)


def a_second_input(model):
    model.graph.input.append(onnx.helper.make_tensor_value_info("more", 1, [1]))


def an_inner_output(model):
    model.graph.output[0].name = "quantise_a.back.out"


def sizes(*values):
    def change(model):
        kind = onnx.helper.make_tensor_value_info("image", 1, values)
        model.graph.input[0].CopyFrom(kind)

    return change


def a_text(model):
    node = onnx.helper.make_node("Constant", [], ["text"], "text", value_string="8")
    model.graph.node.insert(0, node)


def a_told_type(model):
    model.opset_import[0].version, model.ir_version = 21, 10
    del named(model, "quantise_a").input[2]
    said("quantise_a", output_dtype=onnx.TensorProto.INT8)(model)


def weights_behind_quantise_linear(*zero):
    """Of floats, at a scale of their own."""

    def change(model):
        ones("real", 4, 2, 3, 3)(model)
        constant("step", np.float32(0.5))(model)
        for values in zero:
            constant("from", values)(model)
        inputs = ["real", "step", *(["from"] if zero else [])]
        node = onnx.helper.make_node("QuantizeLinear", inputs, ["q"], "q")
        model.graph.node.insert(0, node)
        wired("a.w", 0, "q")(model)

    return change


def ones(name, *shape):
    return constant(name, np.ones(shape, np.float32))


BATCH_NORM = both(
    *(ones(f"p{i}", 4) for i in range(4)),
    inserted("a", "BatchNormalization", "p0", "p1", "p2", "p3"),
)
EIGHTHS = np.float32(2.0**-3)
FLOAT_WEIGHTS = both(ones("float", 4, 2, 3, 3), wired("a", 1, "float"))
COMPUTED_WEIGHTS = both(
    lambda model: model.graph.node.insert(
        0, onnx.helper.make_node("Relu", ["a.w.int"], ["computed"], "computed")
    ),
    wired("a.w", 0, "computed"),
)
COMPUTED_BIAS = both(
    lambda model: model.graph.node.insert(
        0, onnx.helper.make_node("Relu", ["a.b.scale"], ["computed"], "computed")
    ),
    wired("a", 2, "computed"),
)
SECOND_LINEAR = both(ones("w", 5, 5), inserted("linear", "MatMul", "w"))
OTHER_SCALE = both(constant("other", np.float32(0.5)), wired("quantise_a.back", 1, "other"))
FIVE = both(
    constant("a.w.int", np.zeros((4, 2, 5, 5), np.int8)),
    said("a", pads=[2] * 4, kernel_shape=[5, 5]),
)
AXIS_1 = both(
    said("a.w", axis=1),
    constant("a.w.scale", np.array([0.5, 0.25], np.float32)),
    constant("a.w.zero", np.zeros(2, np.int8)),
)
PER_CHANNEL_LINEAR = both(
    constant("linear.w.scale", np.array([1, 1, 1, 1, 2], np.float32)),
    constant("linear.w.zero", np.zeros(5, np.int8)),
)
NO_MEAN = both(dropped("mean", "quantise_mean", "quantise_mean.back"))


def reshaped(*target):
    return both(
        dropped("flatten"),
        constant("target", np.array(target, np.int64)),
        inserted("quantise_mean.back", "Reshape", "target"),
    )


WIDE_IMAGE = sizes("batch", 2, 6, 8)
MATRIX_SCALES = ones("a.w.scale", 4, 1)
WRONG_TURN = said("linear.turn", perm=[0, 1])
CLIPPED = inserted("quantise_a", "Clip")


def refused(model, folder, message):
    with pytest.raises(OnnxImportError, match=re.escape(message)):
        import_onnx(saved(model, folder))
