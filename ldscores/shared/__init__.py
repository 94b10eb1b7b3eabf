"""What both packages share: names of columns, alleles, tables, errors, provenance, the command line."""
