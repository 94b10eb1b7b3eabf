"""Arithmetic of LD scores: arrays in, arrays out."""
