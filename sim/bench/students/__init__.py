"""Networks of images without skips, beside those with skips and those made in other ways."""
