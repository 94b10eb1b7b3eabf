"""Heritability models as columns."""
