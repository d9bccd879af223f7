"""An S3 store of our own: the JuiceFS gateway, with files in a folder of the test."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

BUCKET = "eoffice"
#: what the environment of a program holds that uses the store
KEY = {"AWS_ACCESS_KEY_ID": "vanphong", "AWS_SECRET_ACCESS_KEY": "khoa-cua-kho-tep"}


@dataclass(frozen=True)
class Gateway:
    """A running store with one bucket."""

    endpoint: str

    def url(self, prefix: str, bucket: str = BUCKET) -> str:
        """As EOFFICE_FILES takes it."""
        return f"s3://{bucket}/{prefix}?endpoint={self.endpoint}"

    @property
    def client(self) -> Any:
        """Whoever looks from outside."""
        import boto3

        names = {
            "aws_access_key_id": KEY["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": KEY["AWS_SECRET_ACCESS_KEY"],
        }
        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", **names)


@contextmanager
def gateway(folder: Path) -> Iterator[Gateway]:
    """Start it and stop it. Skips where juicefs is not installed."""
    program = Path(sys.executable).parent / "juicefs"
    if not program.exists():
        pytest.skip("juicefs is not installed")
    meta = f"sqlite3://{folder}/meta.db"
    made = [
        program,
        "format",
        "--storage",
        "file",
        "--bucket",
        f"{folder}/data/",
        "--trash-days",
        "0",
        meta,
        "tep",
    ]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {
        "MINIO_ROOT_USER": KEY["AWS_ACCESS_KEY_ID"], "MINIO_ROOT_PASSWORD": KEY["AWS_SECRET_ACCESS_KEY"],
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [program, "gateway", "--multi-buckets", "--keep-etag", "--object-meta", "--buffer-size", "64",
             "--no-usage-report", "--cache-dir", folder / "cache", meta, f"127.0.0.1:{port}"],
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        made_up = Gateway(f"http://127.0.0.1:{port}")
        _wait(port)
        made_up.client.create_bucket(Bucket=BUCKET)
        yield made_up
    finally:
        running.kill()
        running.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(port: int) -> None:
    ends = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
        else:
            return
