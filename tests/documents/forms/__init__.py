"""Documents as offices set them, sound ones and ones with one mistake each, to measure the form check with.

`cases` says what stands on each and which rule it breaks; `make` sets them (typst, LibreOffice) into `files/`, which
are committed; `expected.json` is written from `cases`, before the check was. `python -m tests.documents.forms` shows
for each rule what the check finds of it and how often it cries in vain.
"""
