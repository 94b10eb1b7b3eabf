"""Thousands of annotations, one at a time beside a baseline."""
