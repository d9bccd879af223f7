"""Daily sets of everything an installation owns, encrypted for a key it does not hold, and their way back."""
