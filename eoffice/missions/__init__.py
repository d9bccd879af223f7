"""What an issued document asks of other agencies and of one's own units, by when, and what they report."""
