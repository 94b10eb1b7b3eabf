"""Annotations of SNPs: reading, checks, joining, totals and overlaps."""
