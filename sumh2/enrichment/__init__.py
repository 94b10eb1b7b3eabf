"""Heritability over annotations: shares, enrichments, tau, stratified correlation."""
