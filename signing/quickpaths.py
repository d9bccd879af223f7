"""All ways that lead to an object of a revision, as pyHanko's difference analysis asks for them, found quicker.

pyHanko keeps paths as linked lists of dataclasses and turns every one of them into a path object at the end; here they
are tuples, and a path object is made of those that are asked for. The ways are the same
(`tests/signing/test_quick.py`).
"""

from collections import defaultdict
from typing import Any

from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.reader import HistoricalResolver, RawPdfPath

#: keys of dictionaries and places in arrays, from the trailer
_Path = tuple[str | int, ...]
_NESTED = (generic.IndirectObject, generic.DictionaryObject, generic.ArrayObject)
_PAGES: _Path = ("/Root", "/Pages")
_STRUCTURE: _Path = ("/Root", "/StructTreeRoot")


class _Usages(dict[generic.Reference, set[RawPdfPath]]):
    """What pyHanko's cache holds, made when it is asked for."""

    def __init__(self, found: dict[generic.Reference, set[_Path]]) -> None:
        super().__init__()
        self._found = found

    def __missing__(self, reference: generic.Reference) -> set[RawPdfPath]:
        made = self[reference] = {RawPdfPath(*path) for path in self._found[reference]}
        return made

    def __bool__(self) -> bool:
        return True


class _Walk:
    """Down from the trailer, each page by its place in the tree alone, each element of the structure by its own."""

    def __init__(self, resolver: HistoricalResolver) -> None:
        self._resolver = resolver
        self.found: dict[generic.Reference, set[_Path]] = defaultdict(set)
        #: references between the trailer and here
        self._above: set[generic.Reference] = set()
        self._pages: dict[generic.Reference, _Path] = {}
        self._elements: set[generic.Reference] = set()

    def all(self) -> dict[generic.Reference, set[_Path]]:
        """Every path to every object. Raises PdfReadError for trees that go in circles."""
        root: Any = self._resolver.root
        pages = root.raw_get("/Pages")
        if isinstance(pages, generic.IndirectObject):
            self._pages[pages.reference] = _PAGES
        self._place_pages(pages.get_object(), _PAGES)
        if "/StructTreeRoot" in root:
            self._note_elements(root.raw_get("/StructTreeRoot").get_object())
        self._below(self._resolver.trailer_view, (), False)
        return self.found

    def _place_pages(self, node: Any, path: _Path) -> None:
        for number, kid in enumerate(node["/Kids"]):
            place = (*path, "/Kids", number)
            if isinstance(kid, generic.IndirectObject):
                if kid.reference in self._pages:
                    raise misc.PdfReadError("Circular reference in page tree in mapping stage")
                self._pages[kid.reference] = place
            found = kid.get_object()
            if found.get("/Type", None) == "/Pages":
                self._place_pages(found, place)

    def _note_elements(self, element: Any) -> None:
        if "/K" not in element:
            return
        kids = element["/K"]
        for kid in kids if isinstance(kids, generic.ArrayObject) else (kids,):
            found = kid.get_object()
            if not isinstance(found, generic.DictionaryObject):
                continue
            if "/Type" in found and found["/Type"] != "/StructElem":
                continue
            if isinstance(kid, generic.IndirectObject):
                if kid.reference in self._elements:
                    raise misc.PdfReadError("Circular reference in structure tree in mapping stage")
                self._elements.add(kid.reference)
            self._note_elements(found)

    def _visit(self, node: Any, path: _Path, structure: bool) -> None:
        """`structure`: within the structure tree."""
        if not isinstance(node, generic.IndirectObject):
            self._below(node, path, structure)
            return
        reference = node.reference
        if reference in self._above:
            return
        self.found[reference].add(path)
        target = self._resolver(reference)
        if self._pages.get(reference, path) != path or (not structure and reference in self._elements):
            return
        self._above.add(reference)
        self._below(target, path, structure)
        self._above.discard(reference)

    def _below(self, node: Any, path: _Path, structure: bool) -> None:
        if isinstance(node, generic.DictionaryObject):
            for key, value in node.items():
                if key == "/Parent" or (structure and key == "/P"):
                    continue
                if isinstance(value, _NESTED):
                    self._visit(value, (*path, key), structure or (key == "/K" and path == _STRUCTURE))
        elif isinstance(node, generic.ArrayObject):
            for number, value in enumerate(node):
                if isinstance(value, _NESTED):
                    self._visit(value, (*path, number), structure)


def load(self: Any) -> None:
    """In the place of `HistoricalResolver._load_reverse_xref_cache`."""
    if self._indirect_object_access_cache is None:
        self._indirect_object_access_cache = _Usages(_Walk(self).all())


_slow_subsume: Any = vars(HistoricalResolver)["_subsume_object"]
_COMPOSED = (*_NESTED, generic.DecryptedObjectProxy)


def subsume(self: Any, obj: Any) -> Any:
    """In the place of `HistoricalResolver._subsume_object`, which prepares for plain values what they do not need."""
    if isinstance(obj, generic.IndirectObject):
        return generic.IndirectObject(obj.idnum, obj.generation, self)
    return _slow_subsume(self, obj) if isinstance(obj, _COMPOSED) else obj
