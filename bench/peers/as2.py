"""A pair of django-pyas2 servers, in its own environment: signed and encrypted messages, signed MDN verified.

`python as2.py setup|serve PORT|send` with AS2_DATABASE (libpq words), AS2_FOLDER and AS2_PORT set. `send` reads lines
`COUNT IN_FLIGHT FIRST` and answers each with one line of JSON.
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import django
from django.conf import settings

FOLDER = Path(os.environ["AS2_FOLDER"])


def configure() -> None:
    """Django with this application alone."""
    host, name, user, password = os.environ["AS2_DATABASE"].split("\n")
    database = {
        "ENGINE": "django.db.backends.postgresql", "HOST": host, "NAME": name, "USER": user, "PASSWORD": password,
        "CONN_MAX_AGE": None,
    }  # fmt: skip
    settings.configure(
        SECRET_KEY="bench", DEBUG=False, ALLOWED_HOSTS=["*"], USE_TZ=True, ROOT_URLCONF="as2",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", DATABASES={"default": database},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "pyas2"],
        MEDIA_ROOT=str(FOLDER), DATA_UPLOAD_MAX_MEMORY_SIZE=None, LOGGING_CONFIG=None,
    )  # fmt: skip
    django.setup()


configure()

from django.core.management import call_command  # noqa: E402 - needs the settings
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402
from pyas2 import models  # noqa: E402
from pyas2.views import ReceiveAs2Message  # noqa: E402
from pyas2lib import Message as As2Message  # noqa: E402

urlpatterns = [path("as2receive", ReceiveAs2Message.as_view())]
application = get_wsgi_application()


def setup() -> None:
    """Tables, and each side's keys and partner; both sides' keys lie in FOLDER."""
    call_command("migrate", verbosity=0)
    me, other = ("sender", "receiver") if os.environ["AS2_ROLE"] == "sender" else ("receiver", "sender")
    own = models.PrivateKey.objects.create(
        name=me, key=(FOLDER.parent / f"{me}.key.pem").read_bytes(), key_pass="bench"
    )
    theirs = models.PublicCertificate.objects.create(
        name=other, certificate=(FOLDER.parent / f"{other}.pem").read_bytes()
    )
    models.Organization.objects.create(as2_name=me, name=me, encryption_key=own, signature_key=own)
    models.Partner.objects.create(
        as2_name=other, name=other, target_url=f"http://127.0.0.1:{os.environ['AS2_PORT']}/as2receive",
        subject="bench", content_type="application/pdf", encryption="aes_256_cbc", encryption_cert=theirs,
        signature="sha256", signature_cert=theirs, mdn=True, mdn_mode="SYNC", mdn_sign="sha256",
    )  # fmt: skip


def send() -> None:
    """Send what standard input asks for, from files in AS2_FILES."""
    organization, partner = models.Organization.objects.get(), models.Partner.objects.get()
    files = Path(os.environ["AS2_FILES"])

    def one(number: int) -> float:
        begun = time.perf_counter()
        payload = (files / f"{number}.pdf").read_bytes()
        built = As2Message(sender=organization.as2org, receiver=partner.as2partner)
        built.build(payload, filename=f"{number}.pdf", subject="bench", content_type="application/pdf")
        message, _ = models.Message.objects.create_from_as2message(
            as2message=built, payload=payload, filename=f"{number}.pdf", direction="OUT", status="P"
        )
        message.send_message(built.headers, built.content)
        message.refresh_from_db()
        if message.status != "S" or message.mdn.status != "R" or not message.mdn.signed:
            raise RuntimeError(f"{message.status}: {message.detailed_status}")
        return time.perf_counter() - begun

    print("ready", flush=True)
    pool = ThreadPoolExecutor(16)
    for line in sys.stdin:
        count, flying, first = map(int, line.split())
        begun = time.perf_counter()
        if flying == 1:
            took = [one(number) for number in range(first, first + count)]
        else:
            took = list(pool.map(one, range(first, first + count)))
        print(json.dumps({"seconds": time.perf_counter() - begun, "took": took}), flush=True)


if __name__ == "__main__":
    {"setup": setup, "send": send}[sys.argv[1]]()
