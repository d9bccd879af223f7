"""Agencies, units, positions and people, inside this installation and outside."""
