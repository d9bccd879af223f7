"""Names on the wire, misspelt as the standard has them, beside the model's names."""

from __future__ import annotations

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
#: consumers look up the literal prefix, so it is written although the default namespace would do
PREFIX = "edXML"

ORGANIZATION = {
    "OrganId": "organ_id",
    "OrganizationInCharge": "in_charge",
    "OrganName": "name",
    "OrganAdd": "address",
    "Email": "email",
    "Telephone": "telephone",
    "Fax": "fax",
    "Website": "website",
}
SIGNER = {"Competence": "competence", "Position": "position", "FullName": "full_name"}
STAFF = {
    "Department": "department",
    "DepartmentId": "department_id",
    "Staff": "name",
    "StaffId": "staff_id",
    "Email": "email",
    "Mobile": "mobile",
}

#: file extension → content type of an attachment sent as it is; every other file travels in a ZIP.
#: Both `xsl` spellings are what the vendor's library tests for, so xls and xlsx are zipped.
SENT_AS_IS = {
    "pdf": "application/pdf",
    "doc": "application/doc",
    "docx": "application/docx",
    "xsl": "application/xsl",
    "xslx": "application/xslx",
    "zip": "application/zip",
}
ZIPPED = "application/zip"
