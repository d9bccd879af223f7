"""Leaders' directions: lead, coordinating, for information, deadlines, progress."""
