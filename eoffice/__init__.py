"""Văn phòng điện tử: the application."""

__version__ = "0.1.0"
