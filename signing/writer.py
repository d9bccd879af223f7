"""pyHanko's incremental writer with a faster way to a page, that writes nothing but what it is told."""

from typing import Any, BinaryIO

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing.errors import EncryptedPdf

#: hexadecimal digits kept free for the signed data: three certificates, and a time-stamp token with its chain
RESERVED, RESERVED_STAMPED = 16_384, 32_768
#: levels of a page tree; deeper ones are left to pyHanko, which refuses circles
_DEPTH = 32


class PageWriter(IncrementalPdfFileWriter):
    """Looks a page up from the nearer end of the tree: signatures stand on the last pages, and every page before
    them would be read and parsed otherwise."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__(source)
        self._pages: dict[int, Any] = {}

    def find_page_for_modification(self, page_ix: int) -> Any:
        """Reference of page `page_ix` (from 0) and its resources, as the base class gives them."""
        if page_ix not in self._pages:
            found = self._from_the_end(page_ix) if page_ix >= 0 else None
            found = found or super().find_page_for_modification(page_ix)  # type: ignore[no-untyped-call]  # not ours
            self._pages[page_ix] = found
        return self._pages[page_ix]

    def _update_meta(self) -> None:
        """Leave title, dates and producer as they are: a signature says when and by whom, and changes nothing else."""

    def _from_the_end(self, page_ix: int) -> tuple[Any, Any] | None:
        """None when the page lies in the first half, or the tree is not as it should be."""
        node: Any = self.root["/Pages"]
        resources = None
        after = int(node["/Count"]) - 1 - page_ix
        if after < 0 or after > page_ix:
            return None
        for _ in range(_DEPTH):
            # .get gives a reference where [] gives the object
            resources = node["/Resources"] if "/Resources" in node else resources  # noqa: SIM401 - see above
            step = _last_kid_with(node["/Kids"], after)
            if step is None:
                return None
            reference, kid, after = step
            if kid["/Type"] == "/Page":
                return reference, kid["/Resources"] if "/Resources" in kid else resources  # noqa: SIM401 - as above
            node = kid
        return None


def _last_kid_with(kids: Any, after: int) -> tuple[Any, Any, int] | None:
    """The kid that holds the page with `after` pages behind it, and how many of these are in the kid itself."""
    for position in range(len(kids) - 1, -1, -1):
        kid = kids[position]
        if "/Type" not in kid:
            return None
        size = 1 if kid["/Type"] == "/Page" else int(kid["/Count"])
        if after < size:
            return kids.raw_get(position), kid, after
        after -= size
    return None


def open_writer(source: BinaryIO) -> IncrementalPdfFileWriter:
    """To append to a file, also to one with an owner password only. Raises EncryptedPdf."""
    writer = PageWriter(source)
    if writer.security_handler is not None:
        # a file with an owner password only opens with the empty user password
        result: Any = writer.encrypt("")  # type: ignore[no-untyped-call]  # pyHanko leaves it untyped
        if result is not None and getattr(result, "status", None) is not None and not result.status.value:
            raise EncryptedPdf
    return writer
