"""Exchange of official documents over the axis: edXML codec, client, receipts, evidence.

Knows neither Flask nor the application; `exchange.hub` is the axis itself, a program of its own.
Wire format: QCVN 102:2016/BTTTT with Sửa đổi 1:2022, in the dialect of the vendor's Java library.
"""
