"""The benchmark of streaming networks: what skips cost in hardware."""
