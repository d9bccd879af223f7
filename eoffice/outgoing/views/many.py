"""Many documents signed at once: agreed to once, then one request for each document, driven by the page.

A key that is a file or in the module is opened with its PIN. A token's agent asks the person once and signs one after
the other. A remote service is handed all that was prepared and signs it with one authorisation.

Without script the form sends all at once, and the answer shows the same rows with their results.
"""

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from flask import Response, current_app, jsonify, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from eoffice.core import clock, visits
from eoffice.core.errors import AppError
from eoffice.core.visits import Visited
from eoffice.core.web import current_actor, db, needs
from eoffice.documents.models import DocumentFile
from eoffice.outgoing import held, issuing, queries
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.permissions import OUTGOING_SIGN
from eoffice.outgoing.views import bp
from eoffice.signatures import awaited, browser, opened
from eoffice.signatures import queries as keys
from eoffice.signatures.awaited import TwoStep, ValueWanted
from eoffice.signatures.errors import KeyClosed
from eoffice.signatures.keyring import Given, Opened
from eoffice.signatures.models import KeyKind, KeyPurpose
from eoffice.signatures.operations import Caution

#: documents signed with one PIN
MOST = 50
_COOKIE = "opened_key"


@dataclass(frozen=True)
class Row:
    """One document of the list, and what became of it."""

    document: OutgoingDocument
    file: DocumentFile
    #: ticked: at first what the signer has opened as it is now; what he has not read he ticks himself
    chosen: bool = True
    opened: bool = True
    signed_at: datetime | None = None
    problem: AppError | None = None
    #: what the signer must know although it is signed
    cautions: tuple[Caution, ...] = ()

    @property
    def result(self) -> Literal["waits", "signed", "refused", "closed"]:
        """`closed`: the key is, so the ones after it need not be tried."""
        if isinstance(self.problem, KeyClosed):
            return "closed"
        return "refused" if self.problem else "signed" if self.signed_at else "waits"


@bp.get("/outgoing/to-sign/many")
@needs(OUTGOING_SIGN)
def many() -> ResponseReturnValue:
    """Choose among the first fifty that wait, urgent ones first."""
    return _page(_rows()), 200


@bp.post("/outgoing/to-sign/many")
@needs(OUTGOING_SIGN)
def sign_chosen() -> ResponseReturnValue:
    """All chosen ones in one request, for a browser without script."""
    chosen = request.form.getlist("document", type=int)[:MOST]
    try:
        rows = _remotely(chosen) if _kind() is KeyKind.REMOTE else _opened(chosen)
    except AppError as error:
        return _page([replace(row, chosen=row.document.id in chosen) for row in _rows()], error), error.status
    return _page(rows), 200


def _opened(chosen: list[int]) -> list[Row]:
    """With the key opened once."""
    secret = opened.open_for_many(db(), current_actor(), request.form.get("pin", ""))
    rows = [_signed(one, Opened(secret), _seen(one)) for one in chosen]
    opened.close(db(), current_actor())
    return rows


def _remotely(chosen: list[int]) -> list[Row]:
    """All prepared, all authorised at once, then all finished; what could not be prepared has its row already."""
    how, refused = TwoStep(awaited.new_batch()), {}
    for one in chosen:
        try:
            refused[one] = _signed(one, how, _seen(one))
        except ValueWanted:
            continue
    if len(refused) < len(chosen):
        awaited.authorise(db(), current_actor(), how.batch, request.form.get("pin", ""))
    return [refused.get(one) or _signed(one, how, _seen(one)) for one in chosen]


@bp.post("/outgoing/to-sign/many/open")
@needs(OUTGOING_SIGN)
def open_key() -> ResponseReturnValue:
    """What is agreed to once. By PIN: the answer's cookie opens the key for each document. Else the batch's name, and
    for a token what the agent asks."""
    kind = _kind()
    if kind in (KeyKind.TOKEN, KeyKind.REMOTE):
        return jsonify(_batch(kind))
    try:
        secret = opened.open_for_many(db(), current_actor(), request.form.get("pin", ""))
    except AppError as error:
        return Response(str(error), error.status, mimetype="text/plain")
    answer = Response(status=204)
    answer.set_cookie(
        _COOKIE, base64.urlsafe_b64encode(secret).decode(), path=url_for("outgoing.many"), httponly=True,
        samesite="Strict", secure=current_app.config["SESSION_COOKIE_SECURE"],
    )  # fmt: skip
    return answer


def _batch(kind: KeyKind) -> dict[str, object]:
    batch = awaited.new_batch()
    key = keys.key_of(db(), current_actor(), KeyPurpose.PERSON)
    if kind is not KeyKind.TOKEN or key is None:
        return {"batch": batch}
    # those that were chosen, wherever they stand by now
    chosen = queries.to_sign(db(), current_actor(), MOST, among=request.form.getlist("document", type=int))
    items = [held.about(document) for document in chosen]
    return {"batch": batch, "ask": browser.question(batch, key, items, awaited.deadline())}


@bp.post("/outgoing/to-sign/many/authorise")
@needs(OUTGOING_SIGN)
def authorise() -> ResponseReturnValue:
    """The remote service signs all that is prepared, with one PIN."""
    form = request.form
    try:
        awaited.authorise(db(), current_actor(), form.get("batch", ""), form.get("pin", ""))
    except AppError as error:
        return Response(str(error), error.status, mimetype="text/plain")
    return "", 204


@bp.post("/outgoing/to-sign/many/<int:document_id>")
@needs(OUTGOING_SIGN)
def sign_one(document_id: int) -> ResponseReturnValue:
    """One of them; the answer is its row with the result, or what is wanted to go on with it."""
    given = browser.given()
    how = given if isinstance(given, TwoStep) else Opened(_secret())
    row = _signed(document_id, how, request.form.get("seen", 0, type=int))
    answer = make_response(render_template("outgoing/_many_row.html", row=row))
    answer.headers["X-Result"] = row.result
    return answer


@bp.post("/outgoing/to-sign/many/close")
@needs(OUTGOING_SIGN)
def close_key() -> ResponseReturnValue:
    """The end: the key is forgotten on both sides."""
    opened.close(db(), current_actor())
    answer = Response(status=204)
    answer.delete_cookie(_COOKIE, path=url_for("outgoing.many"))
    return answer


def _rows() -> list[Row]:
    queue = queries.to_sign(db(), current_actor(), MOST)
    drafts = queries.newest_drafts(db(), queue)
    since = {document.id: drafts[document.id].created_at for document in queue}
    seen = visits.opened_since(db(), current_actor(), Visited.DOCUMENT, since)
    return [Row(one, drafts[one.id], chosen=one.id in seen, opened=one.id in seen) for one in queue]


def _kind() -> KeyKind | None:
    key = keys.key_of(db(), current_actor(), KeyPurpose.PERSON)
    return key.kind if key else None


def _seen(document_id: int) -> int:
    """The draft that the list showed."""
    return request.form.get(f"seen_{document_id}", 0, type=int)


def _signed(document_id: int, given: Given, seen: int) -> Row:
    """Sign one and read it again for its row. Raises NotFound, ValueWanted."""
    problem: AppError | None = None
    cautions: list[Caution] = []
    try:
        issuing.sign(db(), current_actor(), document_id, given, seen_file_id=seen, tell=cautions.append)
    except AppError as error:
        problem = error
    document = queries.opened(db(), current_actor(), document_id)
    file = queries.newest_drafts(db(), [document])[document_id]
    signed_at = None if problem else document.signed_at
    return Row(document, file, signed_at=signed_at, problem=problem, cautions=tuple(cautions))


def _secret() -> bytes:
    """Empty when the cookie is missing or was tampered with: no key opens with it."""
    try:
        return base64.urlsafe_b64decode(request.cookies.get(_COOKIE, ""))
    except (binascii.Error, ValueError):
        return b""


def _page(rows: list[Row], problem: AppError | None = None) -> str:
    return render_template(
        "outgoing/many.html",
        rows=rows,
        problem=problem,
        key=keys.key_of(db(), current_actor(), KeyPurpose.PERSON),
        done=[row for row in rows if row.result != "waits"],
        unread=[row for row in rows if row.result == "waits" and not row.opened],
        local=clock.local,
    )
