"""The wide processing element: several entries a cycle, columns broadcast in groups."""
