"""Keys of people and agencies, signing of documents, verdicts on files; the only user of `signing` here."""
