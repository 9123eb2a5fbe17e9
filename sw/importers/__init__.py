"""Networks of images that were trained elsewhere."""
