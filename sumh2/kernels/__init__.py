"""Arithmetic of the regressions: arrays in, arrays or a small dataclass out."""
