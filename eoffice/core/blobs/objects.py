"""The five things we ask of an S3 store, with errors of one kind. Imported only where a bucket is set."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import boto3
from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore import exceptions as boto
from botocore.config import Config
from urllib3.exceptions import HTTPError

from eoffice.core.blobs.base import StoreAway, Trouble
from eoffice.core.blobs.places import Bucket

#: seconds to wait for a connection and for each answer
_CONNECT, _ANSWER = 3.0, 20.0
#: how often one goes on with a body that was cut off before anything of it came
_TRIES = 3
#: bytes that are lost at most when it is
_PIECE = 1 << 16
#: files from here on go up in parts of this size, a few at a time
_PART = 16 << 20
_PARTS = TransferConfig(multipart_threshold=_PART, multipart_chunksize=_PART, max_concurrency=4)

_LINE = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError, HTTPError, ConnectionError)
_NO_KEY = (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError)
#: what stores say, by their words and then by HTTP status
_SAID = {
    "NoSuchBucket": Trouble.NO_BUCKET,
    **dict.fromkeys(("QuotaExceeded", "507"), Trouble.FULL),
    **dict.fromkeys(("ExpiredToken", "InvalidToken", "401", "403"), Trouble.REFUSES),
}


for _name in ("boto3", "botocore", "s3transfer"):
    # at lower levels they write down what they send, a session's token among it
    logging.getLogger(_name).setLevel(logging.WARNING)


class Gone(Exception):
    """There is no such key, or no longer."""


@dataclass(frozen=True)
class Found:
    """One object."""

    key: str
    size: int
    #: by the clock of the store
    stored_at: datetime


class Objects:
    """Keys below the prefix of a bucket. All methods raise StoreAway; may be shared by threads."""

    def __init__(self, bucket: Bucket, patience: float | None = None) -> None:
        self._bucket = bucket
        with self._told():
            self._client = _client(bucket.endpoint, bucket.region, bucket.profile, patience)

    def put(self, key: str, path: Path) -> None:
        """Store a file; the store compares each request with the hash it is signed with. Whole or not there."""
        with self._told(), path.open("rb") as file:
            if path.stat().st_size < _PART:  # without the threads of the other way
                self._client.put_object(**self._at(key), Body=file)
                return
            with create_transfer_manager(self._client, _PARTS) as parts:
                parts.upload(str(path), self._bucket.name, self._bucket.prefix + key).result()

    def get(self, key: str, target: BinaryIO) -> None:
        """Write an object to an empty file, going on where a cut line ended. Raises Gone."""
        tries = _TRIES
        with self._told():
            while tries:
                there, body = target.tell(), self._rest(key, target)
                try:
                    shutil.copyfileobj(body, target, _PIECE)
                except _LINE:
                    tries = _TRIES if target.tell() > there else tries - 1
                    if not tries:
                        raise
                else:
                    return

    def _rest(self, key: str, target: BinaryIO) -> Any:
        """The body of what the file does not have yet."""
        there = target.tell()
        answer = self._client.get_object(**self._at(key), **({"Range": f"bytes={there}-"} if there else {}))
        if there and not str(answer.get("ContentRange")).startswith(f"bytes {there}-"):
            target.seek(0)  # a store that knows no ranges begins anew
            target.truncate()
        return answer["Body"]

    def below(self, prefix: str) -> Iterator[Found]:
        """What lies below a prefix, in the order of the keys."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._told():
            for page in pages.paginate(Bucket=self._bucket.name, Prefix=self._bucket.prefix + prefix):
                for one in page.get("Contents", ()):
                    key = one["Key"].removeprefix(self._bucket.prefix)
                    yield Found(key, one["Size"], one["LastModified"])

    def delete(self, keys: Sequence[str]) -> None:
        """Delete these; what is gone already does no harm."""
        with self._told():
            for key in keys:
                self._client.delete_object(**self._at(key))

    def abandon(self, before: datetime) -> int:
        """Forget uploads in parts that began before and were never finished; how many."""
        pages = self._client.get_paginator("list_multipart_uploads")
        found = 0
        with self._told():
            for page in pages.paginate(Bucket=self._bucket.name, Prefix=self._bucket.prefix):
                for one in page.get("Uploads", ()):
                    if one["Initiated"] < before:
                        named = {"Key": one["Key"], "UploadId": one["UploadId"]}
                        with suppress(Gone), self._told():  # finished, or another process abandons it, too
                            self._client.abort_multipart_upload(Bucket=self._bucket.name, **named)
                            found += 1
        return found

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket.name, "Key": self._bucket.prefix + key}

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What went wrong in words for the operator, without what the libraries say of requests and keys."""
        try:
            yield
        except boto.ClientError as error:
            code = str(error.response["Error"]["Code"])
            if code in ("NoSuchKey", "NoSuchUpload", "404"):
                raise Gone from error
            status = str(error.response["ResponseMetadata"]["HTTPStatusCode"])
            trouble = _SAID.get(code) or _SAID.get(status, Trouble.FAILS)
            raise StoreAway(str(self._bucket), trouble, code) from error
        except (boto.BotoCoreError, HTTPError, ConnectionError) as error:
            kinds = {_LINE: Trouble.SILENT, _NO_KEY: Trouble.NO_KEY}
            trouble = next((kinds[kind] for kind in kinds if isinstance(error, kind)), Trouble.FAILS)
            raise StoreAway(str(self._bucket), trouble, type(error).__name__) from error


@lru_cache
def _client(endpoint: str, region: str, profile: str, patience: float | None) -> Any:
    """One for all threads; making it takes a tenth of a second."""
    config = Config(
        connect_timeout=patience or _CONNECT, read_timeout=patience or _ANSWER, tcp_keepalive=True,
        retries={"mode": "standard", "total_max_attempts": 1 if patience else 2},
        max_pool_connections=32, signature_version="s3v4",
        # stores of one's own rarely have a name for each bucket
        s3={"addressing_style": "path" if endpoint else "auto", "payload_signing_enabled": True},
        # other checksums than that of the signature are Amazon's own
        request_checksum_calculation="when_required", response_checksum_validation="when_required",
    )  # fmt: skip
    session = boto3.session.Session(profile_name=profile or None)
    chosen = region or session.region_name or "us-east-1"
    return session.client("s3", endpoint_url=endpoint or None, region_name=chosen, config=config)
