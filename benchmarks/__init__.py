"""Measurements: what crmkit costs, each time against a floor measured in the same run. They are no tests.

`python -m benchmarks` runs all, `python -m benchmarks start hooks` those two. Each line of the output is one JSON object.
A module `measure_WORD.py` offers `pairs()`, which yields what there is to measure.
"""
