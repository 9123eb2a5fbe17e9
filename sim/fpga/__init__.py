"""Machines on FPGAs: which there are, their bitstreams, and the page of results."""
