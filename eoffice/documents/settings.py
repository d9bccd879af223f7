"""Settings of documents and files."""

from eoffice.core.config import setting

UPLOAD_LIMIT_MB = setting(
    "EOFFICE_UPLOAD_LIMIT_MB", int, 50, "Largest file a person may upload, in MB (most provinces set 50)."
)
OCR_PAGES = setting(
    "EOFFICE_OCR_PAGES",
    int,
    10,
    "Pages of one scan whose words are recognised where Tesseract is installed with Vietnamese; 0: none.",
)
TEXT_PAGES = setting(
    "EOFFICE_PAGE_TEXT_LIMIT",
    int,
    200,
    "Pages of one file whose text is read for search; the rest is shown only.",
)
