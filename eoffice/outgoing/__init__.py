"""Outgoing documents: draft, approval, form check, signature, number, seal, issue."""
