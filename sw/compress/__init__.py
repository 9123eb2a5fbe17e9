"""From a trained network to what the EIE array loads: prune, share, quantise, encode, lay out."""
