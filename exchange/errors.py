"""Everything this library raises. Each error carries a text in Vietnamese and one in English."""

from __future__ import annotations


class ExchangeError(Exception):
    """Root of the family. `path` names the place in the message, like `/MessageHeader/From/OrganId`."""

    def __init__(self, vi: str, en: str, *, path: str = "") -> None:
        super().__init__(f"{path}: {en}" if path else en)
        self.vi = vi
        self.en = en
        self.path = path


class Unreadable(ExchangeError):
    """The bytes are no edXML message that can be understood."""


class Forbidden(Unreadable):
    """A document type declaration, an entity or another construct no honest message needs."""


class TooLarge(Unreadable):
    """A limit of `exchange.limits.Limits` was passed."""


class Damaged(Unreadable):
    """Bytes were changed on the way: bad base64, a broken archive, a hash that does not match."""


class Unbuildable(ExchangeError):
    """The model cannot be written as XML, or an attachment has no bytes."""


class BadReceipt(ExchangeError):
    """A receipt whose signature, certificate or content is not what it should be."""


class AxisError(ExchangeError):
    """A call to the axis did not succeed. Either `Unavailable` (try again) or `Refused` (do not)."""


class Unavailable(AxisError):
    """Network failure, HTTP 5xx, or a busy axis: the same call may succeed later.

    `retry_after`: seconds the axis asked to wait, None when it said nothing.
    """

    def __init__(self, vi: str, en: str, *, retry_after: float | None = None) -> None:
        super().__init__(vi, en)
        self.retry_after = retry_after


class Refused(AxisError):
    """The axis said no, and would say no again. `code` and `description` are its own words."""

    def __init__(self, code: str, description: str = "") -> None:
        vi, en = REFUSALS.get(code, ("Trục liên thông từ chối", "The axis refused"))
        self.code = code
        self.description = description
        super().__init__(
            f"{vi} (mã {code}: {description})" if description else f"{vi} (mã {code})",
            f"{en} (code {code}: {description})" if description else f"{en} (code {code})",
        )


#: ErrorCode → what it means, Vietnamese and English; the only published table of an axis in use.
REFUSALS: dict[str, tuple[str, str]] = {
    "10": ("Tệp gửi không hợp lệ", "The file is not valid"),
    "15": ("Sai mã hệ thống hoặc khóa bí mật", "Wrong system id or secret"),
    "18": ("Đơn vị nhận không tồn tại", "The receiving agency does not exist"),
    "19": ("Đơn vị gửi chưa đăng ký", "The sending agency is not registered"),
    "20": ("Lỗi hệ thống của trục", "System error of the axis"),
    "21": ("Trục không xử lý được tệp", "The axis could not process the file"),
    "22": ("Gói tin edXML không đúng chuẩn", "The edXML message does not follow the standard"),
    "23": ("Đơn vị nhận đã bị khóa", "The receiving agency is locked"),
}
