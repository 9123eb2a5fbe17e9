"""I/O traces: what a storage device was asked, when, and how long each answer took."""
