"""Registers as books to print, close and sign; figures about the work."""
