"""The host's side of a serial line: packets, and what is done with them."""
