"""A province whose agency A can sign."""

import pytest
from sqlalchemy.orm import Session

from tests.factories import Province, province
from tests.signatures.keys import equip


@pytest.fixture
def place(session: Session) -> Province:
    """Agency A has keys, pictures and registers; B has registers."""
    made = province(session)
    equip(session, made.a)
    return made
