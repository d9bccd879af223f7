"""What the terminal says once everything runs."""

from eoffice.demo.province import OUTSIDE_SYSTEM, PASSWORD, PIN, PLACES, username
from eoffice.directory.models import Role

_SHOWN = (Role.CLERK, Role.LEADER, Role.UNIT_HEAD, Role.SPECIALIST, Role.CHIEF_OF_OFFICE, Role.ARCHIVIST,
          Role.ADMINISTRATOR)  # fmt: skip


def text(address: str) -> str:
    """Address, accounts and what to try first."""
    a, b = PLACES[1], PLACES[2]
    lines = [
        "",
        f"  Văn phòng điện tử is running:  {address}",
        f"  password of every account: {PASSWORD}      PIN of every key: {PIN}",
        "",
    ]
    for place in (a, b):
        lines.append(f"  {place.name} ({place.code})")
        for role in _SHOWN:
            person = next((p for p in place.people if p.role == role), None)
            if person is not None:
                lines.append(f"    {username(place, person):24} {person.name}, {person.title}")
    outside = (
        f".venv/bin/flask --app wsgi demo outside    plays {OUTSIDE_SYSTEM}, the second system on the axis"
    )
    lines += [
        "  (the other agencies, too: vpub_…, vhh_…)",
        "",
        "  Try first: sign in as the clerk of Sở Nông nghiệp, register a document of “Chờ đăng ký”;",
        "  sign in as its director, direct it; draft a reply as the specialist. The README has the five steps.",
        f"  {outside}",
        "  Ctrl-C stops everything.",
        "",
    ]
    return "\n".join(lines)
