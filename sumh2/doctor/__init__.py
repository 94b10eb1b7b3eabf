"""What is wrong with a GWAS file, and what to do."""
