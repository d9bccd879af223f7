"""A sheet as a flat ODF text, which LibreOffice sets as it sets what offices write with it."""

from collections.abc import Iterable, Iterator
from html import escape

from tests.documents.forms.sheet import Sheet

_NAMES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" '
    'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"'
)
#: how a paragraph of each part stands
_CENTRED = (
    "parent",
    "agency",
    "state",
    "motto",
    "number",
    "about",
    "date",
    "kind",
    "subject",
    "title",
    "signer",
)


def flat(sheet: Sheet) -> str:
    """The document as one XML file (fodt)."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document {_NAMES} office:version="1.2" '
        'office:mimetype="application/vnd.oasis.opendocument.text">'
        f"{_styles(sheet)}<office:body><office:text>{''.join(_body(sheet))}</office:text></office:body></office:document>"
    )


def _styles(sheet: Sheet) -> str:
    styles = sheet.data()["styles"]
    fonts = sorted({style["font"] for style in styles.values()})
    faces = "".join(f'<style:font-face style:name="{one}" svg:font-family="{one}"/>' for one in fonts)
    own = "".join(_paragraph_style(part, style) for part, style in styles.items())
    columns = "".join(
        f'<style:style style:name="{name}" style:family="table-column"><style:table-column-properties '
        f'style:rel-column-width="{share}*"/></style:style>'
        for name, share in (("narrow", 42), ("wide", 58), ("half", 50))
    )
    return (
        f"<office:font-face-decls>{faces}</office:font-face-decls><office:automatic-styles>{own}{columns}"
        f"{_page_layout(sheet)}</office:automatic-styles><office:master-styles>{_master(sheet)}</office:master-styles>"
    )


def _paragraph_style(part: str, style: dict[str, object]) -> str:
    body = part in ("body", "bases")
    align = "center" if part in (*_CENTRED, "page") else "justify" if body else "start"
    indent = ' fo:text-indent="12.7mm" fo:margin-bottom="6pt"' if body else ""
    weight, slant = "bold" if style["bold"] else "normal", "italic" if style["italic"] else "normal"
    return (
        f'<style:style style:name="{part}" style:family="paragraph"><style:paragraph-properties '
        f'fo:text-align="{align}"{indent}/><style:text-properties style:font-name="{style["font"]}" '
        f'fo:font-size="{style["size"]}pt" fo:font-weight="{weight}" fo:font-style="{slant}"/></style:style>'
    )


def _page_layout(sheet: Sheet) -> str:
    """The number stands inside the margin (Appendix I, I.7), so a header takes a part of it."""
    top, bottom, left, right = sheet.margins
    width, height = sheet.paper
    head, foot = (9.0 if sheet.pages in ("top", "right") else 0.0), (9.0 if sheet.pages == "bottom" else 0.0)
    landscape = ' style:print-orientation="landscape"' if width > height else ""
    return (
        '<style:page-layout style:name="paper"><style:page-layout-properties '
        f'fo:page-width="{width}mm" fo:page-height="{height}mm"{landscape} fo:margin-top="{top - head}mm" '
        f'fo:margin-bottom="{bottom - foot}mm" fo:margin-left="{left}mm" fo:margin-right="{right}mm"/>'
        f"{_band('header', head)}{_band('footer', foot)}</style:page-layout>"
    )


def _band(name: str, height: float) -> str:
    if not height:
        return ""
    near = "bottom" if name == "header" else "top"
    return (
        f'<style:{name}-style><style:header-footer-properties svg:height="{height}mm" fo:margin-{near}="3mm"/>'
        f"</style:{name}-style>"
    )


def _master(sheet: Sheet) -> str:
    before, after = sheet.page_text.split("{}")
    shown = f'<text:p text:style-name="page">{before}<text:page-number/>{after}</text:p>'
    band = "header" if sheet.pages == "top" else "footer"
    first = shown if sheet.first else '<text:p text:style-name="page"/>'
    inside = f"<style:{band}>{shown}</style:{band}><style:{band}-first>{first}</style:{band}-first>"
    return (
        '<style:master-page style:name="Standard" style:page-layout-name="paper">'
        f"{inside if sheet.pages != 'none' else ''}</style:master-page>"
    )


def _body(sheet: Sheet) -> Iterator[str]:
    agency = [*_lines("parent", [sheet.parent]), *_lines("agency", sheet.agency)]
    state = [*_lines("state", [sheet.state]), *_lines("motto", [sheet.motto])]
    yield _row("head", ("narrow", "wide"), *((state, agency) if sheet.swapped_head else (agency, state)))
    about = [] if sheet.kind else _lines("about", [sheet.subject])
    yield _row(
        "line", ("narrow", "wide"), [*_lines("number", [sheet.number]), *about], _lines("date", [sheet.date])
    )
    if sheet.kind:
        yield from ('<text:p text:style-name="kind"/>', *_lines("kind", [sheet.kind]))
        yield from _lines("subject", [sheet.subject])
    calling = [" ".join((sheet.calling, *sheet.addressees))] if len(sheet.addressees) == 1 else []
    if len(sheet.addressees) > 1:
        calling = [sheet.calling, *sheet.addressees]
    yield from ('<text:p text:style-name="addressees"/>', *_lines("addressees", calling))
    yield from (
        *_lines("bases", sheet.bases),
        *_lines("body", sheet.body),
        '<text:p text:style-name="body"/>',
    )
    left = [*_lines("label", [sheet.label]), *_lines("recipients", sheet.recipients)]
    room = ['<text:p text:style-name="title"/>'] * 4
    right = [*_lines("title", sheet.authority), *room, *_lines("signer", [sheet.signer])]
    yield _row("foot", ("half", "half"), *((right, left) if sheet.swapped_foot else (left, right)))


def _lines(part: str, texts: Iterable[str]) -> list[str]:
    return [f'<text:p text:style-name="{part}">{escape(one)}</text:p>' for one in texts if one]


def _row(name: str, columns: tuple[str, str], *cells: list[str]) -> str:
    wide = "".join(f'<table:table-column table:style-name="{one}"/>' for one in columns)
    inside = "".join(f"<table:table-cell>{''.join(one) or '<text:p/>'}</table:table-cell>" for one in cells)
    return f'<table:table table:name="{name}">{wide}<table:table-row>{inside}</table:table-row></table:table>'
