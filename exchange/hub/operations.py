"""The operations of the VXP interface and ours beside them, by their names in the address."""

from __future__ import annotations

from exchange.hub import handing, listing, taking
from exchange.hub.calls import Operation
from exchange.model import MessageKind

OPERATIONS: dict[str, Operation] = {
    "sendEdoc": taking.send_edoc,
    "sendEdocs": taking.send_edocs,
    "uploadPiece": taking.upload_piece,
    "getReceivedEdocList": handing.received_list,
    "getSentEdocList": handing.sent_list,
    "downloadEdoc": handing.download,
    "downloadEdocs": handing.download_all,
    "getEdoc": handing.get_edoc,
    "updateStatus": handing.update_status,
    "updateStatuses": handing.update_statuses,
    "getReceiptList": handing.receipt_list,
    "countReceiveEdoc": handing.count(MessageKind.DOCUMENT),
    "countReceiveStatus": handing.count(MessageKind.STATUS),
    "getStamp": handing.stamp_proof,
    "checkRecipients": listing.check_recipients,
    "registerAgency": listing.register_agency,
    "deleteAgency": listing.delete_agency,
    "closeAgency": listing.close_agency,
    "reopenAgency": listing.reopen_agency,
    "getAgenciesList": listing.agencies,
    "getAgenciesListQD20": listing.agencies_qd20,
    "getSynchronizeUnit": listing.synchronize_units,
}
