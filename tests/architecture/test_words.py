"""The pages speak whole Vietnamese and whole English: no id without a text, no text without an id."""

import re
from collections import defaultdict

import pytest

from tests.architecture.messages import VIETNAMESE_WORDS, catalogues, key, said

#: ASCII, and the signs a careful writer of English uses
_ENGLISH = re.compile(r"[\x20-\x7e“”‘’…–·•×\n]*")
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


def _texts() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for messages in catalogues().values():
        for message in messages:
            strings = message.string if isinstance(message.string, tuple | list) else [message.string]
            found[key(message.id)] += strings
    return found


@pytest.mark.slow
def test_every_message_has_a_vietnamese_text() -> None:
    known = _texts()
    missing = sorted({f"{one.place}: {key(one.id)}" for one in said() if not any(known.get(key(one.id), []))})
    assert not missing, "\n".join(missing)


def test_every_id_is_english() -> None:
    odd = [one for one in said() if not _ENGLISH.fullmatch(VIETNAMESE_WORDS.sub("", key(one.id)))]
    assert not odd


@pytest.mark.parametrize("name", sorted(catalogues()))
def test_a_catalogue_holds_only_finished_texts_that_are_used(name: str) -> None:
    used = {key(one.id) for one in said()}
    problems = []
    for message in catalogues()[name]:
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.fuzzy:
            problems.append(f"fuzzy: {key(message.id)}")
        if not all(strings):
            problems.append(f"empty: {key(message.id)}")
        if key(message.id) not in used:
            problems.append(f"unused: {key(message.id)}")
    assert not problems, "\n".join(problems)


def test_texts_keep_the_placeholders_of_their_ids() -> None:
    wrong = []
    for messages in catalogues().values():
        for message in messages:
            ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
            strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
            wanted = set().union(*(_PLACEHOLDER.findall(one) for one in ids))
            wrong += [f"{ids[0]}: {s}" for s in strings if set(_PLACEHOLDER.findall(s)) - wanted]
            if (
                len(strings) == 1
                and isinstance(message.id, str)
                and set(_PLACEHOLDER.findall(strings[0])) != wanted
            ):
                wrong.append(f"{ids[0]}: {strings[0]}")
    assert not wrong, "\n".join(wrong)
