"""Simulated data of `sumh2 demo`: LD scores of three chromosomes and two GWAS files of different shapes.

Made by ``benchmarks/make_embedded.py``, with the truth in ``truth.json``.
"""
