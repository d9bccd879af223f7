"""Incoming documents: from arrival to completion."""
