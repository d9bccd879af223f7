"""What the command line's arguments say of a signature's place and looks."""

import argparse

from signing import appearance as looks
from signing import placement as places
from signing.appearance import Appearance
from signing.arguments import WrongUse
from signing.geometry import Placement
from signing.images import picture
from signing.placement import Role


def placed(chosen: argparse.Namespace) -> bool:
    """Whether a place is named."""
    return any(given is not None for given in (chosen.box, chosen.anchor, chosen.page))


def visible(chosen: argparse.Namespace) -> tuple[Placement | None, Appearance | None]:
    """Place and looks; None for an invisible signature. Raises WrongUse, PlacementError, UnusableImage, OSError."""
    if chosen.page is not None and chosen.box is None:
        raise WrongUse("--page goes with --box")
    if chosen.role is None and chosen.image is None and chosen.text is None:
        if placed(chosen):
            raise WrongUse("what has a place needs --image or --text")
        return None, None
    role = Role(chosen.role or Role.LEADER)
    png = chosen.image.read_bytes() if chosen.image else None
    if png is None and not chosen.text:
        raise WrongUse(f"the role {role} needs --image or --text")
    return _where(chosen, role, png), _look(chosen, role, png)


def _where(chosen: argparse.Namespace, role: Role, png: bytes | None) -> Placement:
    if chosen.box:
        return Placement(1 if chosen.page is None else chosen.page, chosen.box)
    if chosen.anchor:
        found = places.anchored(chosen.input, chosen.anchor)
    else:
        found = places.default(role, chosen.input)
    if png is not None and role is Role.LEADER:
        return Placement(found.page, places.picture_in(found.box, picture(png).ratio))
    return found


def _look(chosen: argparse.Namespace, role: Role, png: bytes | None) -> Appearance:
    if chosen.text is None:
        return Appearance(png=png)
    if role is Role.NUMBER:
        number, _, day = chosen.text.partition("|")
        return looks.number_line(number.strip(), day.strip())
    small = role in (Role.ATTACHMENT, Role.COPY)
    size = 10 if small else 13
    align: looks.Align = "right" if small else "left"
    rows = tuple((looks.Text(line, size, align=align),) for line in chosen.text.splitlines())
    return Appearance(png=png, rows=rows)
