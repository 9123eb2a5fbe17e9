"""Latency of networks on the processor at hand: PyTorch, ONNX Runtime and plain C, side by side."""
