"""Changing over from another system: its registers, documents, files and open work are taken in, marked as such."""
