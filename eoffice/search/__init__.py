"""One search over the documents a person may see."""
