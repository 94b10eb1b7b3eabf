"""Reference panels to LD scores and taggings, under any heritability model."""

__version__ = "0.1.0"
