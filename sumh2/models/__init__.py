"""Which heritability model: alpha, and models side by side."""
