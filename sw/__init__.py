"""PyTorch side of Kiln: networks, compression, the compiler and the golden models."""
