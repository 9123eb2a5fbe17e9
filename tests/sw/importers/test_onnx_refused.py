"""What cannot be imported is refused by the name of its node, its operator and the reason."""

import re

import numpy as np
import onnx
import pytest

from sw.importers.onnx_import import OnnxImportError, import_onnx
from tests.sw.importers.models import (
    DOMAIN,
    both,
    constant,
    dropped,
    inserted,
    named,
    powers_of_two,
    said,
    saved,
    small,
    unsaid,
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

QDQ = [
    (inserted("a", "Sigmoid"), "new (Sigmoid): is not among the operators that can be imported"),
    (inserted("mean", "AveragePool", kernel_shape=[1, 1]), "new (AveragePool): is not among"),
    (a_domain, "a (Conv): is not among the operators that can be imported"),
    (BATCH_NORM, "new (BatchNormalization): must be folded into its convolution before that is q"),
    (
        inserted("quantise_max.back", "Add", "quantise_max.back.out"),
        "new (Add): adds two activations; residual networks are not imported",
    ),
    (another_reader, "other (Relu): 'quantise_a.back.out' has other readers; branches are not"),
    (an_inner_output, "max (MaxPool): 'quantise_a.back.out' has other readers"),
    (a_second_input, "has 2 inputs and 1 outputs, not one of each"),
    (sizes("batch", 2, "height", 8), "image must be an image of known channels, height and width"),
    (
        sizes("batch", 16),
        "image must be an image of known channels, height and width, not of [0, 1",
    ),
    (said("a", group=2), "a (Conv): group must be 1, not 2"),
    (said("a", dilations=[2, 2]), "a (Conv): dilations must be 1, not [2, 2]"),
    (said("a", strides=[1, 2]), "a (Conv): strides must be the same both ways, not [1, 2]"),
    (said("a", strides=[3, 3]), "a (Conv): stride must be 1 or 2, not 3"),
    (
        said("a", pads=[0, 0, 1, 1]),
        "a (Conv): pads must be 1 on all sides of its kernel, not [0, 0",
    ),
    (said("a", pads=[0] * 4), "a (Conv): pads must be 1 on all sides"),
    (said("a", auto_pad="SAME_UPPER"), "a (Conv): auto_pad must be NOTSET, not SAME_UPPER"),
    (FIVE, "a (Conv): kernels must be 1 x 1 or 3 x 3, not 5 x 5"),
    (FLOAT_WEIGHTS, "a (Conv): its weights do not come from a quantiser"),
    (COMPUTED_WEIGHTS, "a.w (DequantizeLinear): its input is no initialiser"),
    (COMPUTED_BIAS, "a (Conv): its bias is no initialiser"),
    (constant("a.w.zero", np.array([0, 0, 1, 0], np.int8)), "a.w (DequantizeLinear): its zero poi"),
    (
        both(
            constant("a.w.int", np.ones((4, 2, 3, 3), np.uint8)),
            constant("a.w.zero", np.zeros(4, np.uint8)),
        ),
        "a.w (DequantizeLinear): weights must be int8 and biases int32, not uint8",
    ),
    (
        both(
            constant("a.w.int", np.full((4, 2, 3, 3), 128, np.int32)),
            constant("a.w.zero", np.zeros(4, np.int32)),
        ),
        "a.w (DequantizeLinear): weights must be signed, of at most 8 bits",
    ),
    (weights_behind_quantise_linear(), "q (QuantizeLinear): its integers must be int8, not uint8"),
    (
        weights_behind_quantise_linear(np.int8(1)),
        "q (QuantizeLinear): its zero point must be 0",
    ),
    (a_told_type, "quantise_a (QuantizeLinear): its integers must be uint8, not int8"),
    (a_text, "text (Constant): value_string is no number or array"),
    (unsaid("a.w", "axis"), "a.w (DequantizeLinear): 4 scales do not fit values of shape (4, 2, "),
    (AXIS_1, "a (Conv): scales of its weights must be along axis 0, not 1"),
    (
        said("a.w", axis=1),
        "a.w (DequantizeLinear): 4 scales do not fit values of shape (4, 2, 3, 3)",
    ),
    (
        MATRIX_SCALES,
        "a.w (DequantizeLinear): its scales are of shape (4, 1), not one for each chan",
    ),
    (
        constant("quantise_a.zero", np.uint8(3)),
        "quantise_a (QuantizeLinear): its zero point must b",
    ),
    (
        both(constant("zero", np.uint8(3)), wired("quantise_a.back", 2, "zero")),
        "quantise_a.back (DequantizeLinear): its zero point must be 0",
    ),
    (
        constant("quantise_a.zero", np.int8(0)),
        "quantise_a (QuantizeLinear): its integers must be uint8, not int8",
    ),
    (
        constant("quantise_a.scale", np.float32(0)),
        "quantise_a (QuantizeLinear): its scales must be",
    ),
    (
        constant("quantise_a.scale", np.float32(-1)),
        "quantise_a (QuantizeLinear): its scales must b",
    ),
    (constant("quantise_a.scale", np.float32("nan")), "quantise_a (QuantizeLinear): its scales mu"),
    (ones("quantise_a.scale", 4), "quantise_a (QuantizeLinear): activations must have one scale"),
    (OTHER_SCALE, "quantise_a.back (DequantizeLinear): its scale is not that of quantise_a"),
    (dropped("quantise_a.back"), "max (MaxPool): DequantizeLinear must follow QuantizeLinear"),
    (CLIPPED, "new (Clip): DequantizeLinear must follow QuantizeLinear"),
    (
        dropped("quantise_b", "quantise_b.back"),
        "mean (GlobalAveragePool): must have a quantiser before it",
    ),
    (
        dropped("quantise_image", "quantise_image.back"),
        "a (Conv): must have a quantiser before it",
    ),
    (inserted("quantise_max.back", "Relu"), "new (Relu): cannot stand behind 'max'"),
    (
        said("max", strides=[1, 1]),
        "max (MaxPool): its windows must be squares side by side, not [2",
    ),
    (
        said("max", kernel_shape=[2, 4], strides=[2, 4]),
        "max (MaxPool): strides must be the same bo",
    ),
    (
        said("max", kernel_shape=[3, 2], strides=[2, 2]),
        "max (MaxPool): its windows must be squares side by side, not [3, 2] every [2, 2]",
    ),
    (said("max", pads=[0, 0, 1, 1]), "max (MaxPool): its windows must be squares side by side"),
    (said("max", dilations=[2, 2]), "max (MaxPool): dilations must be 1, not [2, 2]"),
    (
        said("max", kernel_shape=[4, 4], strides=[4, 4]),
        "max (MaxPool): the largest is of 2 x 2 or 3 x 3 pixels, not 4 x 4",
    ),
    (
        said("max", kernel_shape=[3, 3], strides=[3, 3]),
        "max (MaxPool): 8 x 8 pixels do not divide into 3 x 3",
    ),
    (
        constant("quantise_max.scale", EIGHTHS),
        "quantise_max (QuantizeLinear): must keep the scale 0.015625, not 0.125",
    ),
    (NO_MEAN, "flatten (Flatten): only the mean of all pixels can be flattened, not (6, 2, 2)"),
    (said("flatten", axis=0), "flatten (Flatten): must keep batches of 6 channels"),
    (reshaped(-1, 3), "new (Reshape): must keep batches of 6 channels"),
    (reshaped(2, -1), "new (Reshape): must keep batches of 6 channels"),
    (reshaped(6), "new (Reshape): must keep batches of 6 channels"),
    (reshaped(), "new (Reshape): must keep batches of 6 channels"),
    (said("linear", alpha=2.0), "linear (Gemm): alpha and beta must be 1, and transA 0"),
    (said("linear", beta=0.5), "linear (Gemm): alpha and beta must be 1, and transA 0"),
    (said("linear", transA=1), "linear (Gemm): alpha and beta must be 1, and transA 0"),
    (said("linear", transB=0), "linear (Gemm): its bias has 5 values for 6 channels"),
    (
        constant("linear.w.int", np.ones((5, 7), np.int8)),
        "linear (Gemm): takes 7 channels, but 'mean' has 6",
    ),
    (
        PER_CHANNEL_LINEAR,
        "linear (Gemm): its weights have a scale per channel; logits are compared at one scale",
    ),
    (SECOND_LINEAR, "new (MatMul): stands behind a linear layer, which must be the last"),
    (
        inserted("linear", "Relu"),
        "new (Relu): stands behind a linear layer, which must be the last",
    ),
    (dropped("linear"), "ends at 'flatten.out', without a linear layer"),
    (
        both(ones("linear.bias", 4), wired("linear", 2, "linear.bias")),
        "linear (Gemm): its bias has 4 values for 5 channels",
    ),
    (
        both(ones("linear.bias", 5, 1), wired("linear", 2, "linear.bias")),
        "linear (Gemm): its bias is of shape (5, 1), not one for each channel",
    ),
    (
        both(
            constant("a.bias", np.array([0, 1e9, 0, 0], np.float32)),
            wired("a", 2, "a.bias"),
        ),
        "a (Conv): the bias of channel 1 does not fit 32 bits",
    ),
    (
        both(
            constant("a.bias", np.array([0, 0, np.nan, 0], np.float32)),
            wired("a", 2, "a.bias"),
        ),
        "a (Conv): the bias of channel 2 does not fit 32 bits",
    ),
    (
        both(
            constant("a.bias", np.full(4, 2.0**14, np.float32)),
            wired("a", 2, "a.bias"),
        ),
        "a (Conv): the accumulator of channel",
    ),
    (
        constant("quantise_a.scale", np.float32(2.0**-31)),
        "a (Conv): channel 1 is scaled by 131072, beyond 15 bits",
    ),
    (renamed("b", "a"), "a (Conv): its name is taken"),
    (renamed("a", "input"), "input (Conv): its name is taken"),
]

QONNX = [
    (
        said("quantise_a", signed=1),
        "quantise_a (Quant): activations must be unsigned 8 bits, not si",
    ),
    (
        said("quantise_a", narrow=1),
        "quantise_a (Quant): activations must be unsigned 8 bits, not na",
    ),
    (
        constant("quantise_a.bits", np.float32(4)),
        "quantise_a (Quant): activations must be unsigned 8 bits, not unsigned 4",
    ),
    (ones("quantise_a.bits", 2), "quantise_a (Quant): its bit width must be one number"),
    (constant("quantise_a.zero", np.float32(1)), "quantise_a (Quant): its zero point must be 0"),
    (
        said("quantise_a", rounding_mode="FLOOR"),
        "quantise_a (Quant): rounding_mode must be ROUND, not FLOOR",
    ),
    (said("a.w", rounding_mode="CEIL"), "a.w (Quant): rounding_mode must be ROUND, not CEIL"),
    (said("a.w", signed=0), "a.w (Quant): weights and biases must be signed, of 2 to 32 bits"),
    (constant("a.w.bits", np.float32(1)), "a.w (Quant): weights and biases must be signed, of 2"),
    (constant("a.w.bits", np.float32(7.5)), "a.w (Quant): weights and biases must be signed, of 2"),
    (
        both(constant("a.w.bits", np.float32(9)), constant("a.w.scale", np.float32(2.0**-9))),
        "a.w (Quant): weights must be signed, of at most 8 bits",
    ),
    (
        constant("a.w.float", np.full((4, 2, 3, 3), np.nan, np.float32)),
        "a.w (Quant): its input is n",
    ),
    (ones("a.w.scale", 4, 2, 1, 1), "a.w (Quant): its scales are of shape (4, 2, 1, 1), not one f"),
    (ones("a.w.scale", 3), "a.w (Quant): its scales are of shape (3,), not one for each channel"),
    (
        ones("a.w.scale", 3, 1, 1, 1),
        "a.w (Quant): 3 scales do not fit values of shape (4, 2, 3, 3)",
    ),
    (
        constant("a.w.scale", np.array([1, 2], np.float32).reshape(1, 2, 1, 1)),
        "a (Conv): scales of its weights must be along axis 0, not 1",
    ),
    (
        constant("linear.w.scale", np.array([[1], [1], [2], [1], [1]], np.float32)),
        "linear (Gemm): its weights have a scale per channel",
    ),
    (
        inserted("a_relu", "BipolarQuant", "quantise_a.scale", domain=DOMAIN),
        "new (BipolarQuant): is not among the operators",
    ),
    (dropped("quantise_a"), "max (MaxPool): must have a quantiser before it"),
]


def refused(model, folder, message):
    with pytest.raises(OnnxImportError, match=re.escape(message)):
        import_onnx(saved(model, folder))


@pytest.mark.parametrize(("change", "message"), QDQ, ids=[row[1] for row in QDQ])
def test_qdq(change, message, tmp_path):
    model = small("qdq", powers_of_two()).model()
    change(model)
    refused(model, tmp_path, message)


@pytest.mark.parametrize(("change", "message"), QONNX, ids=[row[1] for row in QONNX])
def test_qonnx(change, message, tmp_path):
    model = small("qonnx", powers_of_two()).model()
    change(model)
    refused(model, tmp_path, message)


def test_matrices(tmp_path):
    model = small("qdq", powers_of_two(), last="matmul").model()
    WRONG_TURN(model)
    refused(model, tmp_path, "linear.turn (Transpose): only a matrix of weights may be transposed")
    model = small("qdq", powers_of_two(), last="matmul").model()
    node = named(model, "linear")
    node.input[:] = reversed(node.input)
    refused(model, tmp_path, "linear (MatMul): 'flatten.out' must be its first input")
