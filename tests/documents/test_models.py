"""What a register holds of a document."""

import pytest

from eoffice.documents.models import Document, Recipient
from eoffice.dossiers.models import Dossier

#: fields of Decree 30/2020, Appendix VI, part II, with the least length each needs; 35 for codes by Decision 20/2020
_LAW = (
    (Document, "code_number", 11), (Document, "code_notation", 30), (Document, "issuer_name", 200),
    (Document, "issuer_code", 35), (Document, "subject", 500), (Document, "signer_title", 100),
    (Document, "signer_name", 50), (Recipient, "code", 35), (Recipient, "name", 200),
    (Dossier, "title", 500), (Dossier, "notation", 20),
)  # fmt: skip


@pytest.mark.parametrize(
    ("model", "name", "length"), _LAW, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_requirement_13_the_fields_of_the_law_have_its_lengths(model: type, name: str, length: int) -> None:
    column = model.__table__.columns[name]  # type: ignore[attr-defined]  # every model has one
    assert column.type.length is None or column.type.length >= length
