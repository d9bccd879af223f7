"""Programs for those who work on the project: pictures of the pages, vendored assets."""
