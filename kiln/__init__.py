"""The command line: the one package that imports all others and that nobody imports."""
