"""What cannot be imported is refused by the name of its node, its operator and the reason."""

import numpy as np
import pytest

from tests.sw.importers.changes import (
    AXIS_1,
    BATCH_NORM,
    CLIPPED,
    COMPUTED_BIAS,
    COMPUTED_WEIGHTS,
    EIGHTHS,
    FIVE,
    FLOAT_WEIGHTS,
    MATRIX_SCALES,
    NO_MEAN,
    OTHER_SCALE,
    PER_CHANNEL_LINEAR,
    SECOND_LINEAR,
    WRONG_TURN,
    a_domain,
    a_second_input,
    a_text,
    a_told_type,
    an_inner_output,
    another_reader,
    ones,
    refused,
    renamed,
    reshaped,
    sizes,
    weights_behind_quantise_linear,
)
from tests.sw.importers.models import (
    both,
    constant,
    dropped,
    inserted,
    named,
    powers_of_two,
    said,
    small,
    unsaid,
    wired,
)

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


@pytest.mark.parametrize(("change", "message"), QDQ, ids=[row[1] for row in QDQ])
def test_qdq(change, message, tmp_path):
    model = small("qdq", powers_of_two()).model()
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
