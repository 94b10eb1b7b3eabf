"""GWAS with a known truth, and the precision a design would give."""
