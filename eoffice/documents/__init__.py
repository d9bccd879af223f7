"""What incoming and outgoing documents share: the common row, files, recipients, registers, text."""
