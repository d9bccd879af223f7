"""How fast it is, as ratios against other programs doing the same work in the same run: `python -m bench`."""
