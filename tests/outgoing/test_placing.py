"""A person puts the signature, or the number line, elsewhere than it was found."""

import io
import re

import pikepdf
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core.errors import Forbidden
from eoffice.documents import pages
from eoffice.documents.geometry import MM
from eoffice.documents.models import FileRole
from eoffice.outgoing import issuing, placing
from eoffice.outgoing.placing import Spot
from eoffice.outgoing.workflow import State
from eoffice.signatures import checking
from signing.report import Verdict
from tests.factories import PIN, Province
from tests.outgoing.drafts import bring, draft, newest, path, upload
from tests.web import client_for

pytestmark = pytest.mark.usefixtures("keys")


def scan(rotate: int = 0) -> bytes:
    """A page without words, as a scanner gives it."""
    made = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.pages[0].Rotate = rotate
        pdf.save(made)
    return made.getvalue()


@pytest.mark.parametrize("rotate", [0, 90])
def test_a_page_without_the_signers_name_is_signed_where_he_puts_it(
    session: Session, place: Province, rotate: int
) -> None:
    document = bring(session, place.a, upload(session, place, scan(rotate)), State.SIGNATURE)
    with pytest.raises(issuing.NoPlaceForSignature):
        issuing.sign(session, place.a.leader, document.id, PIN)
    spot = Spot(left=120, top=150, width=60, height=25)
    placing.place_signature(session, place.a.leader, document.id, spot)
    issuing.sign(session, place.a.leader, document.id, PIN)
    report = checking.check(path(newest(session, document, FileRole.SIGNED)))
    assert report.verdict is Verdict.VALID, report.all_findings
    shown = report.signatures[0].placement
    assert shown is not None
    height = 595 if rotate else 842
    centre = (120 + 30) * MM, height - (150 + 12.5) * MM
    assert shown.box.centre == pytest.approx(centre, abs=0.1)


def test_only_the_signer_places_it_and_only_on_the_page(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    with pytest.raises(Forbidden):
        placing.place_signature(session, place.a.clerk, document.id, Spot(10, 10, 60, 25))
    for spot in (
        Spot(160, 10, 60, 25),
        Spot(10, 290, 60, 25),
        Spot(10, 10, 5, 25),
        Spot(10, 10, 60, 25, page=9),
    ):
        with pytest.raises(placing.SignatureOutside):
            placing.place_signature(session, place.a.leader, document.id, spot)


def test_the_reading_room_takes_millimetres_and_shows_the_new_place(
    session: Session, place: Province, app: Flask
) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    leader = client_for(app, "a_leader")
    spot = {"page": "1", "left": "100,5", "top": "200", "width": "60", "height": "25", "queue": "1"}
    answer = leader.post(f"/outgoing/{document.id}/place_signature", data=spot)
    assert (answer.status_code, answer.location) == (303, f"/outgoing/to-sign/{document.id}")
    assert 'value="100.5"' in leader.get(answer.location).get_data(as_text=True)
    refused = leader.post(f"/outgoing/{document.id}/place_signature", data=spot | {"left": "500"})
    assert refused.status_code == 422
    assert "Chữ ký phải nằm trong" in refused.get_data(as_text=True)


@pytest.mark.slow
def test_a_box_that_was_only_dragged_is_where_the_signature_stands(
    session: Session, place: Province, app: Flask
) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    leader = client_for(app, "a_leader")
    shown = leader.get(f"/outgoing/to-sign/{document.id}").get_data(as_text=True)
    hidden = dict(re.findall(r'name="(placed|seen)" value="([^"]+)"', shown))
    dragged = {"page": "1", "left": "100.5", "top": "200.0", "width": "60.0", "height": "25.0"}
    answer = leader.post(f"/outgoing/{document.id}/sign", data={"pin": PIN} | hidden | dragged)
    assert answer.status_code == 303
    session.refresh(document)
    stands = checking.check(path(newest(session, document, FileRole.SIGNED))).signatures[0].placement
    assert stands is not None
    assert stands.box.centre == pytest.approx((130.5 * MM, 842 - 212.5 * MM), abs=0.5)


@pytest.mark.slow
def test_the_clerk_may_move_the_number_line(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.SEALING)
    with pytest.raises(placing.BoxOutside):
        placing.place_number_line(session, place.a.clerk, document.id, 100, 40, 165)
    placing.place_number_line(session, place.a.clerk, document.id, 30, 250, 165)
    issuing.seal(session, place.a.clerk, document.id, PIN)
    line = next(
        line
        for line in pages.page_text(path(newest(session, document, FileRole.ISSUED)))[0].lines
        if "Số:" in line.text
    )
    assert line.box.y0 < 200
