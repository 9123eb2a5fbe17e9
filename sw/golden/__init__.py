"""Integer models in PyTorch that the RTL must equal bit for bit: the arithmetic, no time."""
