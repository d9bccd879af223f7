"""Signatures in two steps: prepared here, signed elsewhere, checked and finished here."""

import dataclasses
import io
import json
from datetime import UTC, datetime

import pytest

from signing import appearance, errors
from signing.geometry import Placement
from signing.keys import AbsentKey, Pkcs12Key
from signing.report import Verdict
from signing.sign import Level
from signing.testing import DemoPki, LocalTimestamper
from signing.timestamps import HttpTimestamper
from signing.trust import TrustStore
from signing.twostep import Prepared, complete_pdf, prepare_pdf
from signing.verify import verify_pdf


def _prepared(
    document: bytes, key: AbsentKey, trust: TrustStore, **options: object
) -> tuple[io.BytesIO, Prepared]:
    target = io.BytesIO()
    made = prepare_pdf(io.BytesIO(document), target, key, field="S", trust=trust, **options)  # type: ignore[arg-type]
    return target, made


def _absent(key: Pkcs12Key, *, pss: bool = False) -> AbsentKey:
    return AbsentKey(key.certificate, key.chain, pss=pss)


@pytest.mark.parametrize("pss", [False, True])
def test_a_value_made_elsewhere_makes_a_valid_signature(
    pss: bool, leader_p12: bytes, document: bytes, trust: TrustStore, block: Placement, handwriting: bytes
) -> None:
    there = Pkcs12Key.unlock(leader_p12, "pin", pss=pss)
    here = _absent(there, pss=pss)
    target, made = _prepared(
        document, here, trust, placement=block, appearance=appearance.leader(handwriting)
    )
    assert target.getvalue().startswith(document)
    assert verify_pdf(target, trust).verdict is not Verdict.VALID
    complete_pdf(target, made, here, there.sign(made.attributes))
    found = verify_pdf(target, trust)
    assert found.verdict is Verdict.VALID, found
    assert found.signatures[0].signer == there.info


@pytest.mark.slow
@pytest.mark.parametrize("level", [Level.B_T, Level.B_LT, Level.B_LTA])
def test_every_level_is_reached_in_the_second_step(
    level: Level, pki: DemoPki, leader: Pkcs12Key, document: bytes, trust: TrustStore
) -> None:
    target, made = _prepared(document, _absent(leader), trust, level=level)
    made = Prepared.of_data(json.loads(json.dumps(made.as_data())))
    stamper = LocalTimestamper(pki, lambda: datetime.now(UTC))
    complete_pdf(
        target, made, _absent(leader), leader.sign(made.attributes), timestamper=stamper, trust=trust
    )
    found = verify_pdf(target, trust)
    assert (found.verdict, found.signatures[0].level) == (Verdict.VALID, level)


def test_a_value_of_another_key_is_refused_and_leaves_the_room_empty(
    leader: Pkcs12Key, agency: Pkcs12Key, document: bytes, trust: TrustStore
) -> None:
    target, made = _prepared(document, _absent(leader), trust)
    before = target.getvalue()
    for value in (agency.sign(made.attributes), leader.sign(b"something else"), b"", b"\0" * 256):
        with pytest.raises(errors.WrongValue):
            complete_pdf(target, made, _absent(leader), value)
    assert target.getvalue() == before
    complete_pdf(target, made, _absent(leader), leader.sign(made.attributes))
    assert verify_pdf(target, trust).verdict is Verdict.VALID


def test_an_ecdsa_value_fits_whatever_its_length(
    stranger: Pkcs12Key, document: bytes, trust: TrustStore
) -> None:
    target, made = _prepared(document, _absent(stranger), trust)
    prepared = target.getvalue()
    for _ in range(3):
        again = io.BytesIO(prepared)
        complete_pdf(again, made, _absent(stranger), stranger.sign(made.attributes))
        assert verify_pdf(again, trust).verdict is Verdict.VALID


def test_what_fails_leaves_nothing_half_written(
    leader: Pkcs12Key, document: bytes, trust: TrustStore
) -> None:
    target = io.BytesIO()
    with pytest.raises(errors.UnreadablePdf):
        prepare_pdf(io.BytesIO(b"%PDF-1.7 cut"), target, _absent(leader), field="S", trust=trust)
    assert target.getvalue() == b""
    target, made = _prepared(document, _absent(leader), trust, level=Level.B_T)
    before = target.getvalue()
    nobody = HttpTimestamper("http://127.0.0.1:9/tsa", timeout=1)
    with pytest.raises(errors.TimestampUnavailable):
        complete_pdf(target, made, _absent(leader), leader.sign(made.attributes), timestamper=nobody)
    small = dataclasses.replace(made, end=made.start + 100, level="b-b")
    with pytest.raises(errors.SigningForbidden):
        complete_pdf(target, small, _absent(leader), leader.sign(made.attributes))
    assert target.getvalue() == before


def test_a_certificate_that_may_not_sign_is_refused_before_anything_is_asked(
    document: bytes, leader: Pkcs12Key, agency: Pkcs12Key
) -> None:
    with pytest.raises(errors.UnusableKey):
        AbsentKey(b"no certificate")
    with pytest.raises(errors.KeyUnavailable):
        _absent(leader).sign(b"data")
    with pytest.raises(errors.UntrustedCertificate):
        _prepared(document, _absent(leader), TrustStore(roots=(agency.certificate,)))
