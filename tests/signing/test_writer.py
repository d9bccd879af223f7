import io
from collections.abc import Callable

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing.writer import PageWriter


@pytest.mark.parametrize("paragraphs", [6, 400])
def test_every_page_is_the_one_pyhanko_finds(make_document: Callable[[int], bytes], paragraphs: int) -> None:
    data = make_document(paragraphs)
    ours, theirs = PageWriter(io.BytesIO(data)), IncrementalPdfFileWriter(io.BytesIO(data))
    for number in range(int(theirs.root["/Pages"]["/Count"])):
        page, resources = ours.find_page_for_modification(number)
        expected, expected_resources = theirs.find_page_for_modification(number)
        assert page.reference.idnum == expected.reference.idnum
        assert (resources is None) == (expected_resources is None)
