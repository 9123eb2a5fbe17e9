"""Quantised networks in ONNX, built node by node in both forms, and run by ONNX Runtime."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FORMS = ("qdq", "qonnx")
DOMAIN = "qonnx.custom_op.general"


class Builder:
    """A chain that grows from its image; ``tensor`` is where it has come to, ``bias`` whether
    biases are quantised ("int") or floats."""

    def __init__(self, form, shape, bias="int"):
        self.form, self.shape, self.bias = form, shape, bias
        self.nodes, self.constants, self.tensor, self.quantised = [], {}, "image", []

    def constant(self, name, values):
        self.constants[name] = np.asarray(values)
        return name

    def node(self, kind, name, inputs, domain="", **attributes):
        made = helper.make_node(kind, inputs, [f"{name}.out"], name, domain=domain, **attributes)
        self.nodes.append(made)
        return f"{name}.out"

    def quantiser(self, name, scale):
        scale = self.constant(f"{name}.scale", np.float32(scale))
        if self.form == "qonnx":
            self.tensor = self._quant(name, self.tensor, scale, 8, signed=0)
            return
        zero = self.constant(f"{name}.zero", np.uint8(0))
        integers = self.node("QuantizeLinear", name, [self.tensor, scale, zero])
        self.quantised.append(integers)
        self.tensor = self.node("DequantizeLinear", f"{name}.back", [integers, scale, zero])

    def integers(self, name, values, scales, bits=8, dtype=np.int8):
        """Values times scales, of the first axis or of all, behind a quantiser."""
        scales = np.asarray(scales, np.float32)
        if self.form == "qonnx":
            scales = scales.reshape(-1, *[1] * (values.ndim - 1)) if scales.ndim else scales
            real = self.constant(f"{name}.float", (values * scales).astype(np.float32))
            return self._quant(name, real, self.constant(f"{name}.scale", scales), bits, signed=1)
        inputs = [
            self.constant(f"{name}.int", values.astype(dtype)),
            self.constant(f"{name}.scale", scales),
            self.constant(f"{name}.zero", np.zeros(scales.shape, dtype)),
        ]
        return self.node("DequantizeLinear", name, inputs, axis=0)

    def _quant(self, name, tensor, scale, bits, signed):
        zero = self.constant(f"{name}.zero", np.float32(0))
        width = self.constant(f"{name}.bits", np.float32(bits))
        said = {"signed": signed, "narrow": 0, "rounding_mode": "ROUND"}
        return self.node("Quant", name, [tensor, scale, zero, width], DOMAIN, **said)

    def biases(self, name, values, scales):
        scales = np.broadcast_to(np.asarray(scales, np.float32), values.shape)
        if self.bias == "int":
            return self.integers(f"{name}.b", values, scales, 32, np.int32)
        return self.constant(f"{name}.b", (values * scales).astype(np.float32))

    def conv(self, name, values, scales, bias, scale_in, stride=1, bits=8):
        pad, scales = values.shape[-1] // 2, np.asarray(scales, np.float32)
        inputs = [self.tensor, self.integers(f"{name}.w", values, scales, bits)]
        inputs.append(self.biases(name, bias, np.float32(scale_in) * scales))
        said = {"pads": [pad] * 4, "strides": [stride] * 2, "kernel_shape": values.shape[2:]}
        self.tensor = self.node("Conv", name, inputs, **said)

    def relu(self, name):
        self.tensor = self.node("Relu", name, [self.tensor])

    def max_pool(self, name, size):
        said = {"kernel_shape": [size] * 2, "strides": [size] * 2}
        self.tensor = self.node("MaxPool", name, [self.tensor], **said)

    def mean(self, name):
        self.tensor = self.node("GlobalAveragePool", name, [self.tensor])

    def flatten(self, name):
        self.tensor = self.node("Flatten", name, [self.tensor], axis=1)

    def gemm(self, name, values, scale, bias, scale_in):
        inputs = [self.tensor, self.integers(f"{name}.w", values, scale)]
        inputs.append(self.biases(name, bias, np.float32(scale_in) * np.float32(scale)))
        self.tensor = self.node("Gemm", name, inputs, transB=1)

    def matmul(self, name, values, scale, bias, scale_in):
        """Weights (out, in) behind a Transpose; the bias an Add of its own."""
        weights = self.integers(f"{name}.w", values, scale)
        weights = self.node("Transpose", f"{name}.turn", [weights], perm=[1, 0])
        self.tensor = self.node("MatMul", name, [self.tensor, weights])
        bias = self.biases(name, bias, np.float32(scale_in) * np.float32(scale))
        self.tensor = self.node("Add", f"{name}.add", [bias, self.tensor])

    def model(self, extra=()):
        """Ends here; integers of activations and ``extra`` tensors come out with the logits."""
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", *self.shape])
        outputs = [helper.make_tensor_value_info(self.tensor, TensorProto.FLOAT, [None, None])]
        outputs += [helper.make_tensor_value_info(name, TensorProto.UINT8, None) for name in extra]
        constants = [numpy_helper.from_array(*pair[::-1]) for pair in self.constants.items()]
        graph = helper.make_graph(self.nodes, "net", [image], outputs, constants)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(DOMAIN, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def small(form, scales, bits=8, bias="int", even=False, last="gemm", seed=1):
    """
    Two convolutions, a pool between them, the mean, a linear layer.

    ``scales`` names those of ``image``, ``a``, ``b``, ``mean`` and weights ``wa`` (4,), ``wb`` and
    ``wl``. ``even`` makes weights even and biases odd, so that no sum is a tie.
    """
    rng = np.random.default_rng(seed)
    most = (1 << (bits - 1)) - 1

    def draw(*shape):
        values = rng.integers(-most - 1, most + 1, shape)
        return values // 2 * 2 if even else values

    def drawn_bias(size, most):
        return rng.integers(-most, most, size) // 2 * 2 + 1

    built = Builder(form, (2, 8, 8), bias)
    built.quantiser("quantise_image", scales["image"])
    built.conv("a", draw(4, 2, 3, 3), scales["wa"], drawn_bias(4, 9000), scales["image"], bits=bits)
    built.relu("a_relu")
    built.quantiser("quantise_a", scales["a"])
    built.max_pool("max", 2)
    built.quantiser("quantise_max", scales["a"])
    built.conv("b", draw(6, 4, 3, 3), scales["wb"], drawn_bias(6, 3000), scales["a"], 2, bits)
    built.relu("b_relu")
    built.quantiser("quantise_b", scales["b"])
    built.mean("mean")
    if form == "qdq":
        built.quantiser("quantise_mean", scales["mean"])
        built.flatten("flatten")
    else:
        built.flatten("flatten")
        built.quantiser("quantise_mean", scales["mean"])
    linear = built.gemm if last == "gemm" else built.matmul
    linear("linear", draw(5, 6), scales["wl"], drawn_bias(5, 900), scales["mean"])
    return built


def some_scales(seed=1):
    """No powers of two; the weights of ``a`` have one per channel."""
    rng = np.random.default_rng(seed)
    wa = rng.uniform(0.004, 0.02, 4)
    return {
        "image": 1 / 255,
        "wa": wa,
        "a": 0.017,
        "wb": 0.009,
        "b": 0.043,
        "mean": 0.019,
        "wl": 0.0071,
    }


def powers_of_two():
    return {
        "image": 2.0**-8,
        "wa": 2.0 ** -np.array([7, 6, 8, 7]),
        "a": 2.0**-6,
        "wb": 2.0**-7,
        "b": 2.0**-3,
        "mean": 2.0**-5,
        "wl": 2.0**-7,
    }


def named(model, name):
    return next(node for node in model.graph.node if node.name == name)


def constant(name, values):
    """Change a model: another initialiser of that name, or one more."""

    def change(model):
        old = [each for each in model.graph.initializer if each.name == name]
        for each in old:
            model.graph.initializer.remove(each)
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(values), name))

    return change


def said(name, **attributes):
    """Change a model: attributes of a node."""

    def change(model):
        node = named(model, name)
        kept = [each for each in node.attribute if each.name not in attributes]
        made = [helper.make_attribute(*pair) for pair in attributes.items()]
        del node.attribute[:]
        node.attribute.extend(kept + made)

    return change


def unsaid(name, *attributes):
    """Change a model: attributes of a node left to their defaults."""

    def change(model):
        node = named(model, name)
        kept = [each for each in node.attribute if each.name not in attributes]
        del node.attribute[:]
        node.attribute.extend(kept)

    return change


def inserted(after, kind, *inputs, domain="", **attributes):
    """Change a model: a node called ``new`` behind another, with more inputs."""

    def change(model):
        tensor = f"{after}.out"
        for node in model.graph.node:
            node.input[:] = ["new.out" if name == tensor else name for name in node.input]
        if model.graph.output[0].name == tensor:
            model.graph.output[0].name = "new.out"
        names = [tensor, *inputs]
        new = helper.make_node(kind, names, ["new.out"], "new", domain=domain, **attributes)
        place = [node.name for node in model.graph.node].index(after)
        model.graph.node.insert(place + 1, new)

    return change


def dropped(*names):
    """Change a model: nodes gone, those that read them read their first input."""

    def change(model):
        for name in names:
            gone = named(model, name)
            for node in model.graph.node:
                node.input[:] = [
                    gone.input[0] if tensor == gone.output[0] else tensor for tensor in node.input
                ]
            if model.graph.output[0].name == gone.output[0]:
                model.graph.output[0].name = gone.input[0]
            model.graph.node.remove(gone)

    return change


def wired(name, place, tensor):
    """Change a model: another input of a node."""

    def change(model):
        named(model, name).input[place] = tensor

    return change


def both(*changes):
    def change(model):
        for each in changes:
            each(model)

    return change


def saved(model, folder):
    path = folder / "net.onnx"
    onnx.save(model, path)
    return path


def run(model, images):
    """Outputs by ONNX Runtime, nothing fused: first the logits."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: images})
