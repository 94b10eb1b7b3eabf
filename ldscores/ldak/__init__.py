"""LDAK's thinning and weightings, SNP for SNP."""
