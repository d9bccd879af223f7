"""What later revisions may hold without anybody doubting what was signed: further signatures and validation data."""

from collections.abc import Iterable
from typing import Any

from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, StandardDiffPolicy
from pyhanko.sign.diff_analysis.form_rules_api import FieldComparisonContext, FormUpdate, FormUpdatingRule
from pyhanko.sign.diff_analysis.policy_api import (
    DiffPolicy,
    DiffResult,
    ModificationLevel,
    SuspiciousModification,
)
from pyhanko.sign.diff_analysis.rules.form_field_rules import SigFieldCreationRule, SigFieldModificationRule

#: from these a reader draws form fields anew when it is told to
_DRAWN_FROM = ("/DA", "/DR", "/Q")


class _Form(FormUpdatingRule):
    """pyHanko's rule, which lets readers be told to draw the signed form's fields anew, otherwise than signed."""

    def apply(
        self, old: HistoricalResolver, new: HistoricalResolver
    ) -> Iterable[tuple[ModificationLevel, FormUpdate]]:
        """Raises SuspiciousModification, as pyHanko's rules do."""
        before, after = _form(old), _form(new)
        if _redrawn(after) and (not _redrawn(before) or _differ(before, after)):
            raise SuspiciousModification("Readers are told to draw form fields anew.")
        yield from super().apply(old, new)


def _form(revision: HistoricalResolver) -> DictionaryObject:
    root = revision.root
    return root["/AcroForm"] if "/AcroForm" in root else DictionaryObject()


def _redrawn(form: DictionaryObject) -> bool:
    return "/NeedAppearances" in form and bool(form["/NeedAppearances"])


def _differ(before: DictionaryObject, after: DictionaryObject) -> bool:
    return any(before.get(name) != after.get(name) for name in _DRAWN_FROM)


class _NewField(SigFieldCreationRule):
    """pyHanko's rule, which lets anybody add a signature field that nobody signs and yet draws something, and one
    that draws in many places (ISO 32000-2 §12.7.5.5 knows one)."""

    def apply(self, context: FieldComparisonContext) -> Iterable[tuple[ModificationLevel, FormUpdate]]:
        """Raises SuspiciousModification, as pyHanko's rules do."""
        for name, spec in context.field_specs.items():
            field: Any = spec.new_field
            if spec.old_field_ref or field is None:
                continue
            widgets = [kid.get_object() for kid in field["/Kids"]] if "/Kids" in field else [field]
            if len(widgets) > 1 or ("/V" not in field and any("/AP" in widget for widget in widgets)):
                raise SuspiciousModification(f"Field {name} draws what its signature does not explain.")
        yield from super().apply(context)


#: the rule that lets form fields be filled is left out: a filled field can show text over what was signed (shadow
#: attack "replace")
SIGNATURES_ONLY = StandardDiffPolicy(
    global_rules=DEFAULT_DIFF_POLICY.global_rules,
    form_rule=_Form([_NewField(), SigFieldModificationRule()]),  # type: ignore[no-untyped-call]  # not ours
)


class Remembered(DiffPolicy):
    """The first review of one signature, given again to whoever asks for the same."""

    def __init__(self, policy: DiffPolicy) -> None:
        self._policy = policy
        self._found: DiffResult | SuspiciousModification | None = None

    def review_file(self, *arguments: Any, **options: Any) -> DiffResult | SuspiciousModification:
        """What pyHanko's policy says; the arguments follow from the signature."""
        if self._found is None:
            self._found = self._policy.review_file(*arguments, **options)
        return self._found

    def apply(self, *arguments: Any, **options: Any) -> DiffResult:
        """As pyHanko's policy."""
        return self._policy.apply(*arguments, **options)
