"""Dossiers: the yearly list, opening, filing, closing, hand-over to the archive, retention and destruction."""
