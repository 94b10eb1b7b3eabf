"""GWAS files and taggings to heritability, enrichment and genetic correlation."""

from ldscores import __version__

__all__ = ["__version__"]
