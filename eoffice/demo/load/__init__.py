"""A whole province's documents in minutes: rows as the services would have left them, written by COPY."""
