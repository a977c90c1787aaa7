"""Delivery: deploy, promote, roll back, review environments, drift. `python -m delivery --help` lists the commands."""
