"""GWAS files as the world writes them: headers, signatures of tools, alleles, panels."""
