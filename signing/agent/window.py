"""The agent's own windows: plain pages without script, in the language of the page that opens them."""

import tomllib
from functools import cache
from html import escape
from importlib.resources import files

from signing.agent.batches import Asked, State
from signing.agent.pairs import Offer


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text("utf-8"))


@cache
def style() -> bytes:
    """The style sheet of the windows."""
    return files(__package__).joinpath("window.css").read_bytes()


def language(accepted: str) -> str:
    """The first language of an Accept-Language header that there are words in; Vietnamese when none is."""
    asked = (part.partition(";")[0].strip()[:2] for part in accepted.split(","))
    return next((one for one in asked if one in _words()), "vi")


def pairing(lang: str, offer: Offer | None) -> str:
    """The code of an offer."""
    if offer is None:
        return said(lang, "gone")
    words = _words()[lang]
    code = f"{offer.code[:4]} {offer.code[4:]}"
    return _page(lang, words["pair_head"], (
        f"<p>{words['pair_lead']}</p>"
        f"{_facts([(words['site'], f'{offer.site.name}, {offer.site.origin}')])}"
        f"<p>{words['pair_code']}</p><p class=code id=code>{code}</p><p class=hint>{words['pair_after']}</p>"
    ))  # fmt: skip


def asking(lang: str, asked: Asked, signer: str, problem: str = "") -> str:
    """What is to be signed, and the PIN; `signer`: the certificate's owner. `problem`: name of the error just met."""
    words, batch = _words()[lang], asked.batch
    refused = f"<p class=bad role=alert>{words[problem]}</p>" if problem else ""
    items = "".join(
        f"<li>{escape(item.title)}"
        + (
            f" <small>({words['ask_count'].format(count=item.signatures)})</small>"
            if item.signatures > 1
            else ""
        )
        + "</li>"
        for item in batch.items
    )
    facts = [
        (words["site"], f"{batch.site}, {asked.site.origin}"),
        (words["account"], batch.person),
        (words["certificate"], signer),
    ]
    return _page(lang, words["ask_head"], (
        f"{refused}{_facts(facts)}<ol>{items}</ol>"
        f"<form method=post autocomplete=off><label for=pin>{words['pin']}</label>"
        f"<input id=pin name=pin type=password autocomplete=off maxlength=64 autofocus aria-describedby=hint>"
        f"<p class=hint id=hint>{words['pin_hint']}</p><div class=actions>"
        f"<button class=first name=answer value=sign>{words['sign']}</button>"
        f"<button name=answer value=refuse formnovalidate>{words['refuse']}</button></div></form>"
    ))  # fmt: skip


def said(lang: str, what: State | str) -> str:
    """How it stands, where nothing is left to do."""
    words = _words()[lang]
    return _page(lang, words[f"{what}_head"], f"<p>{words[f'{what}_lead']}</p>")


def _facts(rows: list[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows) + "</dl>"


def _page(lang: str, head: str, body: str) -> str:
    return (
        f"<!doctype html><html lang={lang}><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{head} · {_words()[lang]['title']}</title><link rel=stylesheet href=/window.css>"
        f"<main><h1>{head}</h1>{body}</main></html>"
    )
