"""From the columns of a GWAS file to Z scores and sample sizes."""
