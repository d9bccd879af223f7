"""Where files lie, as a setting says it: a folder, or a bucket of an S3 store."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

#: bytes of local copies beside a bucket, when nothing else is said
_CACHE = 4 << 30
_KNOWN = {"endpoint", "region", "profile", "cache"}


@dataclass(frozen=True)
class Bucket:
    """A part of a bucket. Whoever asks for it is found as boto3 does: environment, files, the machine's role."""

    name: str
    #: what all keys begin with; empty or ending in a slash
    prefix: str = ""
    #: address of the store; empty: Amazon's
    endpoint: str = ""
    region: str = ""
    #: section of the file of credentials
    profile: str = ""
    #: bytes of local copies on each machine
    cache: int = _CACHE

    def __str__(self) -> str:
        where = f"s3://{self.name}/{self.prefix}".rstrip("/")
        return f"{where} ({self.endpoint})" if self.endpoint else where


#: a folder or a bucket
Place = Path | Bucket


def place(text: object) -> Place:
    """A path, a `file:` URL, or `s3://bucket/prefix?endpoint=…&region=…&profile=…&cache=MiB`.

    Raises ValueError that says what is wrong; also where boto3 is missing.
    """
    said = str(text).strip()
    scheme, _, rest = said.rpartition("://") if "://" not in said else said.partition("://")
    if scheme == "":
        return Path(rest).expanduser().resolve()
    if scheme == "file":
        return _folder(said, Path(unquote(rest)))
    if scheme != "s3":
        raise ValueError(f"{said}: files lie in a folder or under s3://bucket/prefix; no {scheme} here")
    return _bucket(said, urlsplit(said))


def _folder(said: str, path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError(f"{said}: write the whole path, like file:///srv/eoffice")
    return path


def _bucket(said: str, parts: SplitResult) -> Bucket:
    if parts.username or parts.password:
        # before anything is shown: this text may hold a secret
        raise ValueError("no key stands in an s3:// address; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if not parts.netloc:
        raise ValueError(f"{said}: the name of the bucket is missing, as in s3://bucket/prefix")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(given) - _KNOWN):
        raise ValueError(f"{said}: unknown {', '.join(unknown)}; known are {', '.join(sorted(_KNOWN))}")
    endpoint = given.get("endpoint", "")
    if endpoint and (urlsplit(endpoint).scheme not in ("http", "https") or not urlsplit(endpoint).hostname):
        raise ValueError(f"{said}: the endpoint is no address like https://s3.example.vn")
    cache = given.pop("cache", "")
    if cache and not cache.isdecimal():
        raise ValueError(f"{said}: cache is a number of MiB")
    if find_spec("boto3") is None:
        raise ValueError("s3:// needs boto3, which is not installed: pip install 'eoffice[s3]'")
    prefix = unquote(parts.path).strip("/")
    return Bucket(
        parts.netloc, f"{prefix}/" if prefix else "", **given, cache=int(cache) << 20 if cache else _CACHE
    )
