"""Pictures of signatures and seals as PDF image objects."""

import zlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from PIL import Image

from signing.errors import UnusableImage

#: pixels; a seal of 42 mm at 600 dpi has 1.0 million
MAX_PIXELS = 4_000_000


@dataclass(frozen=True)
class Picture:
    """A decoded picture: compressed RGB samples and, where it is not opaque, compressed alpha samples."""

    width: int
    height: int
    rgb: bytes
    alpha: bytes | None

    @property
    def ratio(self) -> float:
        """Width over height."""
        return self.width / self.height


@lru_cache(maxsize=64)
def picture(png: bytes) -> Picture:
    """Decode a PNG picture. Raises UnusableImage."""
    try:
        with Image.open(BytesIO(png), formats=["PNG"]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UnusableImage(f"{image.width} x {image.height} pixels are too many")
            rgba = image.convert("RGBA")
    except UnusableImage:
        raise
    except Exception as error:  # of a damaged file the decoder raises whatever its parts do
        raise UnusableImage("it is not a readable PNG picture") from error
    alpha = rgba.getchannel("A")
    opaque = alpha.getextrema() == (255, 255)
    return Picture(
        width=rgba.width,
        height=rgba.height,
        rgb=zlib.compress(rgba.convert("RGB").tobytes()),
        alpha=None if opaque else zlib.compress(alpha.tobytes()),
    )
