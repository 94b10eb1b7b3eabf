"""LD Score Regression: heritability and genetic correlation."""
