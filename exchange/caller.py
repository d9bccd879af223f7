"""A signed call to an axis, and what its answer means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO, Self

from urllib3 import BaseHTTPResponse

from exchange.errors import Refused, Unavailable
from exchange.line import Lines
from exchange.vxp import signed_headers

JSON, BYTES = "application/json", "application/octet-stream"
FORM = "application/x-www-form-urlencoded"


class Caller:
    """Calls on behalf of one system, over lines that stay open.

    `endpoint`: URL that operation names are appended to. `timeout`: seconds without any progress.
    """

    def __init__(self, endpoint: str, system_id: str, secret: str, *, timeout: float) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.system_id = system_id
        self._secret = secret
        self._timeout = timeout
        self._lines = Lines(timeout)

    def close(self) -> None:
        self._lines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _list(self, operation: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call(operation, parameters, kind=FORM).get("data") or []
        return found

    def _call(
        self,
        operation: str,
        parameters: Mapping[str, str],
        *,
        content: bytes = b"",
        kind: str = JSON,
    ) -> dict[str, Any]:
        return self._checked(self._post(operation, parameters, content, kind, {}, self._timeout))

    def _post(
        self,
        operation: str,
        parameters: Mapping[str, str],
        content: bytes | BinaryIO,
        kind: str,
        extra: Mapping[str, str],
        timeout: float,
    ) -> BaseHTTPResponse:
        headers = self._headers(parameters, kind) | dict(extra)
        return self._lines.post(f"{self.endpoint}/{operation}", headers, content, timeout)

    def _headers(self, parameters: Mapping[str, str], kind: str) -> dict[str, str]:
        return signed_headers(self.system_id, self._secret, parameters, kind)

    @staticmethod
    def _checked(response: BaseHTTPResponse) -> dict[str, Any]:
        """The JSON of a successful answer. Raises Unavailable, Refused."""
        if (response.status >= 500 and response.status != 501) or response.status in (408, 429):
            raise Unavailable(
                "Trục tạm thời không phục vụ",
                f"The axis answered {response.status}",
                retry_after=retry_after(response),
            )
        try:
            answer = response.json()
            code = str(answer["ErrorCode"])
        except (ValueError, KeyError, TypeError) as error:
            if response.status >= 400:
                raise Refused(str(response.status), response.reason or "") from error
            raise Unavailable("Trục trả lời không hiểu được", "The answer of the axis is no JSON") from error
        if code != "0" or answer.get("status") == "FAIL":
            raise Refused(code, str(answer.get("ErrorDesc") or ""))
        result: dict[str, Any] = answer
        return result


def retry_after(response: BaseHTTPResponse) -> float | None:
    """Seconds after which the axis wants to be called again; None: it did not say."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None
