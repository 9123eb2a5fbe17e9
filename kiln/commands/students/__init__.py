"""Commands that train networks of images, with skips and without."""
