"""Measurements: speed against a named baseline in the same run, detection against committed labels."""
