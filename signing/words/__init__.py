"""Sentences of the findings, one file a language."""
