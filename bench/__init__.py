"""What Attimo costs, measured beside its peers in the same run. `python -m bench` runs it."""
