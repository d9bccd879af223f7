"""A province to try things with, made only by calling the services."""
