"""Pictures for demonstrations: a signature as if written by hand, a round seal. Drawn, never anybody's own."""

import hashlib
import math
from importlib.resources import as_file, files
from io import BytesIO
from itertools import pairwise
from random import Random

from PIL import Image, ImageDraw, ImageFont

_BLUE, _RED = (24, 52, 160), (214, 26, 30)
_OVER = 3
_FONTS = files("signing.fonts")


def signature_png(name: str, *, width: int = 540, height: int = 216) -> bytes:
    """A blue scrawl with transparent ground; the same name gives the same picture. Size in pixels."""
    random = Random(hashlib.sha256(name.encode()).digest())  # noqa: S311 - a drawing, no secret
    image = Image.new("RGBA", (width * _OVER, height * _OVER), (*_BLUE, 0))
    draw = ImageDraw.Draw(image)
    middle, strokes = height * 0.55, max(4, min(9, len(name) // 2))
    points = [(width * 0.06, middle)]
    for index in range(strokes):
        left = width * (0.08 + 0.78 * index / strokes)
        swing = height * random.uniform(0.18, 0.48) * (1.25 if index == 0 else 1 - index / (2.2 * strokes))
        points += [
            (left + width * random.uniform(0.0, 0.05), middle - swing),
            (left + width * random.uniform(0.04, 0.12), middle + swing * random.uniform(0.3, 0.9)),
        ]
    points.append((width * 0.95, middle - height * random.uniform(0.05, 0.3)))
    _pen(draw, _smooth(points), random.uniform(3.2, 4.4))
    rise = height * random.uniform(-0.06, 0.06)
    flourish = [
        (width * 0.2, height * 0.86),
        (width * 0.55, height * 0.78 + rise),
        (width * 0.9, height * 0.7),
    ]
    _pen(draw, _smooth(flourish), 2.6)
    return _png(image.resize((width, height), Image.Resampling.LANCZOS))


def _smooth(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A Catmull-Rom curve through the points."""
    padded = [points[0], *points, points[-1]]
    curve = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(24):
            t = step / 24
            curve.append(tuple(_catmull(a[i], b[i], c[i], d[i], t) for i in (0, 1)))
    return [(x, y) for x, y in curve]


def _catmull(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def _pen(draw: ImageDraw.ImageDraw, curve: list[tuple[float, float]], thick: float) -> None:
    """Thicker on slow and downward parts, as ink is."""
    for (xa, ya), (xb, yb) in pairwise(curve):
        speed = math.hypot(xb - xa, yb - ya)
        radius = _OVER * thick * (1.15 if yb > ya else 0.75) / (1 + speed / 40)
        steps = max(1, int(speed))
        for step in range(steps):
            x, y = (_OVER * (start + (end - start) * step / steps) for start, end in ((xa, xb), (ya, yb)))
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*_BLUE, 255))


def seal_png(agency: str, *, over: str = "", pixels: int = 850) -> bytes:
    """A red round seal with a star: `over` on the upper arc, the agency's name around the rest; square, transparent.

    850 pixels over 36 mm are 600 dpi.
    """
    size = pixels * 2
    image = Image.new("RGBA", (size, size), (*_RED, 0))
    draw = ImageDraw.Draw(image)
    red = (*_RED, 255)
    for share, thick in ((0.995, 0.022), (0.94, 0.008), (0.62, 0.008)):
        inset = size * (1 - share) / 2
        draw.ellipse((inset, inset, size - inset, size - inset), outline=red, width=int(size * thick))
    draw.polygon(_star(size / 2, size * 0.21), fill=red)
    words = f"{over.upper()} ★ {agency.upper()} ★ " if over else f"{agency.upper()} ★ "
    _around(image, words, size)
    return _png(image.resize((pixels, pixels), Image.Resampling.LANCZOS))


def _star(centre: float, radius: float) -> list[tuple[float, float]]:
    inner = radius * math.sin(math.pi / 10) / math.sin(math.pi * 7 / 10)
    return [
        (
            centre + (radius if i % 2 == 0 else inner) * math.sin(i * math.pi / 5),
            centre - (radius if i % 2 == 0 else inner) * math.cos(i * math.pi / 5),
        )
        for i in range(10)
    ]


def _around(image: Image.Image, words: str, size: int) -> None:
    """Set the words once around the ring, upright towards the centre, starting at the left."""
    with as_file(_FONTS / "tinos-regular.ttf") as path:
        ring = 0.39 * size
        whole = ImageFont.truetype(path, 100)
        # the type is as large as the ring's length or breadth allows
        points = min(0.105 * size, 2 * math.pi * ring / sum(_advance(whole, char) for char in words) * 100)
        used = ImageFont.truetype(path, points)
    lengths = [_advance(used, char) for char in words]
    stretch = 2 * math.pi * ring / sum(lengths)
    angle = -math.pi
    for char, length in zip(words, lengths, strict=True):
        half = length * stretch / ring / 2
        angle += half
        tile = _letter(char, used, int(points * 1.6))
        x, y = size / 2 + ring * math.cos(angle), size / 2 + ring * math.sin(angle)
        turned = tile.rotate(-math.degrees(angle) - 90, resample=Image.Resampling.BICUBIC)
        image.alpha_composite(turned, (int(x - turned.width / 2), int(y - turned.height / 2)))
        angle += half


def _advance(used: ImageFont.FreeTypeFont, char: str) -> float:
    return used.getlength("M") if char == "★" else used.getlength(char)


def _letter(char: str, used: ImageFont.FreeTypeFont, side: int) -> Image.Image:
    tile = Image.new("RGBA", (side, side), (*_RED, 0))
    draw = ImageDraw.Draw(tile)
    if char == "★":
        draw.polygon(_star(side / 2, side * 0.2), fill=(*_RED, 255))
    else:
        draw.text(
            (side / 2, side / 2),
            char,
            font=used,
            fill=(*_RED, 255),
            anchor="mm",
            stroke_width=max(1, side // 70),
        )
    return tile


def _png(image: Image.Image) -> bytes:
    stream = BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()
