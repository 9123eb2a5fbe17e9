"""Physical figures at 45 nm: cells, SRAMs and what tools for synthesis and timing read of them."""
