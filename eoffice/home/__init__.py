"""The desk: what waits for each role."""
