"""The console: pages for those who run the axis, with a sign-in of its own. They see traffic, never contents."""
