"""Settings of the connection to the axis."""

from pathlib import Path

from eoffice.core.config import optional_text, setting

AXIS_URL = setting(
    "EOFFICE_AXIS_URL", optional_text, None,
    "Address of the axis, e.g. https://axis.example/xrdapi; empty: documents are issued and wait in the outbox.",
)  # fmt: skip
AXIS_SYSTEM = setting("EOFFICE_AXIS_SYSTEM", str, "", "Code under which the axis knows this installation.")
AXIS_SECRET = setting("EOFFICE_AXIS_SECRET", str, "", "Secret shared with the axis.", secret=True)
AXIS_CERTIFICATES = setting(
    "EOFFICE_AXIS_CERTIFICATES", lambda value: Path(str(value)) if value else None, None,
    "PEM file of the certificates that sign the axis's receipts; empty: receipts are kept and not verified.",
)  # fmt: skip
SEND_DAYS = setting(
    "EOFFICE_SEND_DAYS", int, 7, "Days a document is tried before a person has to decide; its bytes are kept."
)
PACKET_LIMIT_MB = setting(
    "EOFFICE_PACKET_LIMIT_MB",
    int,
    100,
    "Largest packet in MB that the axis and its systems take; the clerk is warned.",
)
LONG_POLL = setting("EOFFICE_LONG_POLL", int, 20, "Seconds a question for new packets may wait at the axis.")
