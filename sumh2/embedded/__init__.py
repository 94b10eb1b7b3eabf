"""Simulated data of `sumh2 demo`: a panel of 300 people, coding regions, GWAS of eight traits, two of them messy files.

Made by ``benchmarks/make_embedded.py``, with the truth in ``truth.json``.
"""
