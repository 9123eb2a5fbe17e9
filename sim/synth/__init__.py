"""Physical synthesis of the units of an EIE: which there are, one run, and many at once."""
