"""Operations on the directory: entries, differences, and what would become of a message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from werkzeug.wrappers import Response

from exchange.hub import directory
from exchange.hub.calls import Call, answer
from exchange.hub.directory import Directory, Entry
from exchange.hub.models import Agency
from exchange.hub.refusal import Code, Refusal

#: entries of the directory in one answer to who asks for differences
_PAGE = 20_000


def register_agency(call: Call) -> Response:
    content = {str(name).lower(): str(value or "").strip() for name, value in call.body().items()}
    new = directory.NewAgency(
        code=content.get("code", ""),
        name=content.get("name", ""),
        old_code=content.get("oldcode", ""),
        parent_code=content.get("pcode", ""),
        mail=content.get("mail", ""),
    )
    with call.axis.sessions.begin() as session:
        directory.put_agency(session, call.system_id, new)
    call.service.directory.forget()
    return answer()


def delete_agency(call: Call) -> Response:
    with call.axis.sessions.begin() as session:
        directory.delete_agency(session, call.system_id, call.need("AgencyCode"))
    call.service.directory.forget()
    return answer()


def close_agency(call: Call) -> Response:
    """Ours: a system says from which day on whose successors work for one of its agencies, and by which decision."""
    content = call.body()
    code, successors = str(content.get("code") or ""), content.get("successors")
    try:
        on = date.fromisoformat(str(content.get("closedOn") or ""))
    except ValueError as error:
        raise Refusal(Code.BAD_REQUEST, "closedOn is no day") from error
    if not isinstance(successors, list):
        raise Refusal(Code.BAD_REQUEST, "successors is no list")
    with call.axis.sessions.begin() as session:
        directory.own(session, call.system_id, code)
        basis = str(content.get("legalBasis") or "")
        directory.close_agency(session, code, on, [str(one) for one in successors], basis)
    call.service.directory.forget()
    return answer()


def reopen_agency(call: Call) -> Response:
    """Ours: a closing that was said before its day is taken back."""
    code = str(call.body().get("code") or "")
    with call.axis.sessions.begin() as session:
        directory.own(session, call.system_id, code)
        directory.reopen_agency(session, code)
    call.service.directory.forget()
    return answer()


def agencies(call: Call) -> Response:
    found, ids = _directory(call)
    return answer(data=[_named(item, ids) | {"oldCode": item.old_code or ""} for item in found])


def agencies_qd20(call: Call) -> Response:
    """Level 1 is a code without a dot, level 2 has one, and so on (QĐ 20/2020/QĐ-TTg)."""
    level, (found, ids) = call.get("level"), _directory(call)
    chosen = [item for item in found if not level or str(item.code.count(".") + 1) == level]
    return answer(data=[_named(item, ids) | {"code102": item.old_code or ""} for item in chosen])


def synchronize_units(call: Call) -> Response:
    """The directory with what was taken out of it; ours: `after` a version asks for the changes since."""
    after, size = int(call.number("after", 0, 2**62)), int(call.number("pageSize", 0, _PAGE)) or None
    with call.axis.sessions() as session:
        found = directory.changes(session, after, size)
        following = directory.successors(session, [item.id for item in found])
        ids = directory.ids(session, {item.parent_code for item in found})
    return answer(data=[_unit(item, ids, following.get(item.id, [])) for item in found])


def _unit(item: Agency, ids: Mapping[str, str], following: list[str]) -> dict[str, Any]:
    return _named(item, ids) | {
        "version": item.version,
        "centerCode": item.system_id,
        "deleted": item.deleted,
        "modifyDate": item.modified_at.isoformat(),
        "isAgency": True,
        # ours
        "oldCode": item.old_code or "",
        "parentCode": item.parent_code,
        "locked": item.locked,
        "closedOn": item.closed_on and item.closed_on.isoformat(),
        "legalBasis": item.legal_basis,
        "successors": following,
    }


def check_recipients(call: Call) -> Response:
    """Ours: what would become of a message to each of the codes in `to`, before it is sent."""
    call.need("to")
    codes = call.codes()
    entries = call.service.directory.find(codes)
    return answer(data=[_prospect(code, entries.get(code), call.service.directory) for code in codes])


def _prospect(code: str, entry: Entry | None, known: Directory) -> dict[str, Any]:
    if entry is None:
        return {"code": code, "state": "unknown"}
    served = known.serving(entry)
    names = known.find(entry.successors)
    return {
        "code": code,
        "name": entry.name,
        "currentCode": entry.code,
        "state": "closed"
        if served is None
        else "locked"
        if served.locked
        else "succeeded"
        if served != entry
        else "open",
        "servedBy": served and {"code": served.code, "name": served.name},
        # also what is decided for a day to come
        "closedOn": entry.closed_on and entry.closed_on.isoformat(),
        "legalBasis": entry.legal_basis,
        "successors": [{"code": item.code, "name": item.name} for item in names.values()],
    }


def _directory(call: Call, *, deleted: bool = False) -> tuple[list[Agency], dict[str, str]]:
    with call.axis.sessions() as session:
        found = list(directory.agencies(session, deleted=deleted))
    return found, {item.code: str(item.id) for item in found}


def _named(item: Agency, ids: Mapping[str, str]) -> dict[str, Any]:
    parent = ids.get(item.parent_code, "")
    return {"id": str(item.id), "pid": parent, "code": item.code, "name": item.name, "mail": item.mail}
