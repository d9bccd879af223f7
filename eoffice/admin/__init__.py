"""Health of the installation and operators' commands."""
