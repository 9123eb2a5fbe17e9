"""What the hardware takes on a chip: results of synthesis, placement and routing."""
