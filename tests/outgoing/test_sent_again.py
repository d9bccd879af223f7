"""A form that is sent again, after a cut line or with the button back, makes nothing twice."""

import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from eoffice.documents.models import FileRole
from eoffice.outgoing import service
from eoffice.outgoing.workflow import State
from tests.factories import Province
from tests.outgoing.drafts import as_typed, draft, newest, only, path


def test_a_form_that_is_sent_again_after_a_cut_line_makes_one_draft(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    drafter = client("a_specialist")
    key = re.search(r'name="form_key" value="([^"]+)"', drafter.get("/outgoing/new").text)
    assert key is not None
    sent = as_typed(place, form_key=key[1])
    with ThreadPoolExecutor(2) as at_once:  # as a person does who sees no answer, and sends again
        others = [client("a_specialist"), client("a_specialist")]
        answers = list(at_once.map(lambda one: one.post("/outgoing/new", data=sent), others))
    again = drafter.post("/outgoing/new", data=sent)
    assert {one.headers["Location"] for one in [*answers, again]} == {f"/outgoing/{only(session).id}/edit"}, (
        "both are told the same"
    )
    other = drafter.post("/outgoing/new", data=sent | {"subject": "Một dự thảo khác từ nút Quay lại"})
    assert other.headers["Location"] != again.headers["Location"]
    elsewhere = client("a_unit_head").post("/outgoing/new", data=sent)
    assert (elsewhere.status_code, elsewhere.headers["Location"]) != (303, again.headers["Location"])


def test_a_form_that_saved_and_submitted_is_sent_again_without_harm(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    drafter = client("a_specialist")
    sent = as_typed(place, form_key="mot-lan", submit="1")
    for _time in range(2):
        answer = drafter.post("/outgoing/new", data=sent)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/outgoing/{only(session).id}")
    service.send_back(session, place.a.head, only(session).id, "Sửa lại trích yếu")
    drafter.post("/outgoing/new", data=sent)
    session.expire_all()
    assert only(session).state is State.SENT_BACK, "what was sent back is not submitted as it was"
    service.discard(session, place.a.specialist, only(session).id, "Không cần nữa")
    again = drafter.post("/outgoing/new", data=sent)
    page = drafter.get(again.headers["Location"])
    assert (again.status_code, page.status_code) == (303, 200)
    assert "Không ban hành:" in page.text
    assert "Không cần nữa" in page.text


def test_an_uploaded_draft_that_is_sent_again_is_one_and_a_changed_file_is_another(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    drafter, template = client("a_specialist"), path(newest(session, draft(session, place), FileRole.DRAFT))
    sent = as_typed(place, form_key="mot-lan", source="upload")

    def post(data: bytes) -> str:
        answer = drafter.post("/outgoing/new", data=sent | {"upload": (io.BytesIO(data), "du-thao.pdf")})
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    page = template.read_bytes()
    assert post(page) == post(page)
    assert post(page) != post(page + b"\n% sua\n%%EOF\n")
