"""The official layout of administrative documents: it exists once, here."""
