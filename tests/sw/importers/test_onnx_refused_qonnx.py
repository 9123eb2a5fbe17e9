"""What cannot be imported, where quantisers are those of QONNX."""

import numpy as np
import pytest

from tests.sw.importers.changes import (
    ones,
    refused,
)
from tests.sw.importers.models import (
    DOMAIN,
    both,
    constant,
    dropped,
    inserted,
    powers_of_two,
    said,
    small,
)

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


@pytest.mark.parametrize(("change", "message"), QONNX, ids=[row[1] for row in QONNX])
def test_qonnx(change, message, tmp_path):
    model = small("qonnx", powers_of_two()).model()
    change(model)
    refused(model, tmp_path, message)
