"""Pages that check any file's signatures, of which nothing is kept, of one's own key and of trusted authorities."""

import base64
import binascii
import tempfile
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage

from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.config import settings
from eoffice.core.errors import AppError, Invalid, NotFound
from eoffice.core.forms import read_day
from eoffice.core.web import SIGNED_IN, current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency
from eoffice.documents import intake
from eoffice.documents.operations import upload_limit
from eoffice.signatures import (
    archives,
    awaited,
    browser,
    checking,
    condition,
    levels,
    presenting,
    queries,
    service,
    trust,
)
from eoffice.signatures import authorities as trusted
from eoffice.signatures.awaited import ValueWanted
from eoffice.signatures.errors import WrongWidth
from eoffice.signatures.models import Believed, ImageKind, KeyKind, KeyPurpose
from eoffice.signatures.permissions import SIGNATURE_KEYS, SIGNATURE_VERIFY, TRUST_MANAGE
from eoffice.signatures.presenting import Shown
from eoffice.signatures.settings import ARCHIVE_RENEW_DAYS, trust_folder
from signing.authorities import Described
from signing.sign import Level

bp = Blueprint("signatures", __name__, template_folder="templates")
bp.add_app_template_global(presenting.of_check, "verdict_of")
bp.add_app_template_global(browser.agent_url, "agent_url")
bp.add_app_template_global(browser.signing_key, "signing_key")
bp.add_app_template_global(condition.by_itself, "key_condition")
bp.app_errorhandler(ValueWanted)(browser.wanted)
bp.after_app_request(browser.go_on)

#: files checked at once
MOST = 8


class TooManyFiles(Invalid):
    """None is left out without a word."""

    message = _l("Choose at most %(most)s files at once.")


@dataclass(frozen=True)
class Checked:
    """One uploaded file and what was found."""

    name: str
    size: int
    pages: int
    shown: Shown


@bp.route("/verify", methods=["GET", "POST"])
@needs(SIGNATURE_VERIFY)
def verify() -> ResponseReturnValue:
    """Choose files, read verdicts."""
    sent = [file for file in request.files.getlist("files") if file.filename]
    problem: AppError | None = None
    checked: list[Checked] = []
    try:
        if len(sent) > MOST:
            raise TooManyFiles(most=MOST)
        checked = [_check(file) for file in sent]
    except AppError as error:
        problem = error
    if request.method == "POST" and not sent:
        problem = intake.EmptyFile()
    status = problem.status if problem else 200
    limit = upload_limit() // 2**20
    return render_template(
        "signatures/verify.html", checked=checked, problem=problem, now=clock.local(clock.now()), limit=limit
    ), status


def _check(file: FileStorage) -> Checked:
    with tempfile.NamedTemporaryFile(dir=blobs().spool) as spool:
        file.save(spool)
        spool.flush()
        size = spool.tell()
        if size > upload_limit():
            raise intake.TooLarge(limit=upload_limit() // 2**20)
        report = checking.check(Path(spool.name))
    return Checked(intake.safe_name(file.filename or ""), size, report.pages, presenting.of_report(report))


@bp.route("/key", methods=["GET", "POST"])
@needs(SIGNED_IN)
def own_key() -> ResponseReturnValue:
    """One's own key: whose it is, how long it holds, another PIN."""
    problem: AppError | None = None
    if request.method == "POST":
        try:
            form = request.form
            if form.get("new_pin") != form.get("again"):
                raise service.PinsDiffer(field="again")
            service.change_pin(
                db(), current_actor(), KeyPurpose.PERSON, form.get("pin", ""), form.get("new_pin", "")
            )
        except AppError as error:
            problem = error
        else:
            flash(_("The PIN was changed."), "ok")
            return redirect(url_for("signatures.own_key"), 303)
    key = browser.signing_key(KeyPurpose.PERSON)
    status = problem.status if problem else 200
    return render_template(
        "signatures/key.html", key=key, problem=problem, local=clock.local,
        condition=condition.of(key) if key else None,
        site=browser.site_name(), site_key=browser.site_key(),
    ), status  # fmt: skip


@bp.route("/admin/keys", methods=["GET", "POST"])
@needs(SIGNATURE_KEYS)
def keys() -> ResponseReturnValue:
    """The keys of one's agency and of those who sign for it, and the pictures of their signatures; enter another."""
    agency = _own_agency()
    if request.method == "GET":
        return _keys_page(agency)
    try:
        made = service.enter(db(), current_actor(), _key_kind(), _owner(agency), _brought())
    except AppError as error:
        return _keys_page(agency, error)
    flash(_("The key of %(owner)s is entered.", owner=made.subject), "ok")
    return redirect(url_for("signatures.keys"), 303)


@bp.post("/admin/keys/picture")
@needs(SIGNATURE_KEYS)
def enter_picture() -> ResponseReturnValue:
    """Enter the picture of the agency's seal, or of the signature of somebody who signs for it."""
    agency = _own_agency()
    try:
        owner = _owner(agency, "whose")
        kind = ImageKind.SIGNATURE if owner.person else ImageKind.SEAL
        width = _width(request.form.get("width", ""))
        service.set_image(
            db(),
            current_actor(),
            kind,
            agency,
            owner.person,
            _uploaded("picture", service.PICTURE_LIMIT),
            width,
        )
    except AppError as error:
        return _keys_page(agency, error)
    flash(_("The picture is entered; it stands on what is signed from now on."), "ok")
    return redirect(url_for("signatures.keys"), 303)


@bp.get("/admin/keys/picture/<int:image_id>")
@needs(SIGNATURE_KEYS)
def see_picture(image_id: int) -> ResponseReturnValue:
    """A picture that was entered."""
    image = queries.image_by_id(db(), _own_agency().id, image_id)
    if image is None:
        raise NotFound
    answer = Response(image.png, mimetype="image/png")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.add_etag()
    return answer.make_conditional(request)


def _keys_page(agency: Agency, problem: AppError | None = None) -> ResponseReturnValue:
    active = [key for key in queries.keys(db(), agency.id) if key.active]
    posts = directory.could_sign(db(), agency.id)
    return render_template(
        "signatures/keys.html", keys=condition.of_all(active), problem=problem,
        owners=[("", agency.name), *((str(post.id), f"{post.person.full_name}, {post.title}") for post in posts)],
        kinds=[(kind.value, kind.word) for kind in KeyKind], local=clock.local, sent=request.form,
        images=queries.images(db(), agency.id), agency=agency,
        without=[post.person.full_name for post in queries.without_image(db(), posts)],
    ), problem.status if problem else 200  # fmt: skip


def _width(typed: str) -> float:
    """Millimetres. Raises WrongWidth."""
    try:
        return float(typed.replace(",", "."))
    except ValueError:
        raise WrongWidth(field="width") from None


def _uploaded(field: str, limit: int) -> bytes:
    """A byte more than `limit` of what is larger: that is refused, not cut."""
    file = request.files.get(field)
    return file.stream.read(limit + 1) if file else b""


def _key_kind() -> KeyKind:
    sent = request.form.get("kind", "")
    if sent not in set(KeyKind):
        raise NotFound
    return KeyKind(sent)


def _owner(agency: Agency, field: str = "owner") -> service.Owner:
    """The agency, or one of those who sign for it. Raises NotFound."""
    sent = request.form.get(field, "")
    if not sent:
        return service.Owner(KeyPurpose.AGENCY, agency, None)
    post = next((one for one in directory.could_sign(db(), agency.id) if str(one.id) == sent), None)
    if post is None:
        raise NotFound
    return service.Owner(KeyPurpose.PERSON, agency, post.person)


def _brought() -> service.Brought:
    return service.Brought(
        _uploaded("key", trusted.LIMIT),
        request.form.get("pin", ""),
        request.form.get("credential", "").strip(),
    )


def _own_agency() -> Agency:
    actor = current_actor()
    if actor.agency_id is None:
        raise NotFound
    return directory.agency(db(), actor.agency_id)


@bp.post("/key/give-up")
@needs(SIGNED_IN)
def give_up() -> ResponseReturnValue:
    """The person refused at the agent, or left: what was to be signed is free again."""
    awaited.give_up(db(), current_actor(), request.form.get("batch", ""))
    return "", 204


@bp.route("/admin/signing", methods=["GET", "POST"])
@needs(SIGNATURE_KEYS)
def signing() -> ResponseReturnValue:
    """At which level one's agency signs, and how its archive copies stand."""
    actor, agency, problem = current_actor(), _own_agency(), None
    if request.method == "POST":
        try:
            levels.choose(db(), actor, agency, _level())
        except AppError as error:
            problem = error
        else:
            flash(_("From now on signatures are made at this level."), "ok")
            return redirect(url_for("signatures.signing"), 303)
    return render_template(
        "signatures/signing.html", level=levels.of(db(), agency.id), meanings=levels.MEANINGS, problem=problem,
        counts=archives.counts(db(), agency.id), days=settings().get(ARCHIVE_RENEW_DAYS), local=clock.local,
    ), problem.status if problem else 200  # fmt: skip


def _level() -> Level:
    sent = request.form.get("level", "")
    if sent not in set(Level):
        raise NotFound
    return Level(sent)


@bp.get("/admin/trust")
@needs(TRUST_MANAGE)
def authorities() -> ResponseReturnValue:
    """Whom this installation believes, and since when."""
    return _trust_page()


@bp.post("/admin/trust/look")
@needs(TRUST_MANAGE)
def look_at_authority() -> ResponseReturnValue:
    """Read the file and show what it says; nothing is believed yet."""
    file = request.files.get("file")
    purpose = _purpose()
    try:
        data = file.stream.read(trusted.LIMIT + 1) if file else b""
        return _trust_page(look=(purpose, trusted.describe(purpose, data)))
    except AppError as error:
        return _trust_page(error)


@bp.post("/admin/trust")
@needs(TRUST_MANAGE)
def add_authority() -> ResponseReturnValue:
    """Believe what was looked at."""
    try:
        data = base64.b64decode(request.form.get("content", ""), validate=True)
    except binascii.Error:
        data = b""
    try:
        trusted.add(db(), current_actor(), _purpose(), data)
    except AppError as error:
        return _trust_page(error)
    flash(_("It is believed from the next check on."), "ok")
    return redirect(url_for("signatures.authorities"), 303)


@bp.post("/admin/trust/retire")
@needs(TRUST_MANAGE)
def retire_authority() -> ResponseReturnValue:
    """Believe it no more from a day on."""
    form = request.form
    day = read_day(form.get("retired_on", "").strip())
    try:
        trusted.retire(db(), current_actor(), form.get("entry", 0, type=int), day, form.get("reason", ""))
    except AppError as error:
        return _trust_page(error)
    flash(_("The day is set."), "ok")
    return redirect(url_for("signatures.authorities"), 303)


def _purpose() -> Believed:
    sent = request.form.get("purpose", "")
    return Believed(sent) if sent in set(Believed) else Believed.ROOT


def _trust_page(
    problem: AppError | None = None, look: tuple[Believed, Described] | None = None
) -> ResponseReturnValue:
    try:
        folder = trusted.of_folder()
    except trust.NoTrust as error:
        folder, problem = [], problem or error
    content = base64.b64encode(look[1].der).decode() if look else ""
    return render_template(
        "signatures/authorities.html", entries=queries.trust_entries(db()), folder=folder, path=trust_folder(),
        purposes=[(one.value, one.word) for one in Believed], look=look, content=content, problem=problem,
        now=clock.now(), today=clock.today(), local=clock.local, kilobytes=trusted.LIMIT // 1024,
    ), problem.status if problem else 200  # fmt: skip
