"""What every feature stands on: it names no feature."""
