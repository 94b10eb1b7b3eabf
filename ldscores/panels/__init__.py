"""Reference panels: genotypes, maps, covariates, which SNPs and people count."""
