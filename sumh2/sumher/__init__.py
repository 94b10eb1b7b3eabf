"""SumHer: LDAK's likelihood under any heritability model."""
