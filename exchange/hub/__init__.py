"""The axis: takes messages from registered systems, keeps them, and hands each to its recipients.

A program of its own (`python -m exchange hub`). Its state is a PostgreSQL database and a folder of files
named by hash; several processes may serve one state. It uses `eoffice.core` and nothing else of eoffice.
"""
