#!/usr/bin/env python3
"""Makes Tests/Fixtures/images.json: small images in all kinds of PNG and JPEG, as hexadecimal digits, with the pixels that
Pillow reads in them, and what Pillow makes of some in gray and in other sizes.

    .venv/bin/python scripts/references/image_files.py
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image, features

from common import FIXTURES, text

HEIGHT, WIDTH = 7, 9
RANDOM = np.random.default_rng(20)
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Where the pixels of Adam7's passes begin, and their distances: along rows, along columns.
PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def chunk(name, contents):
    body = name + contents
    return struct.pack(">I", len(contents)) + body + struct.pack(">I", zlib.crc32(body))


def scanlines(values, depth):
    """Rows of samples [rows, columns, channels], each behind the number of a filter: by turns none and the row above."""
    lines, above = b"", None
    for number, row in enumerate(values.reshape(len(values), -1)):
        if depth == 16:
            line = row.astype(">u2").tobytes()
        elif depth == 8:
            line = row.astype(np.uint8).tobytes()
        else:
            bits = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - depth:]
            line = np.packbits(bits.ravel()).tobytes()
        filtered = line
        if number % 2 and above is not None:
            filtered = bytes((a - b) % 256 for a, b in zip(line, above, strict=True))
        lines += bytes([2 if number % 2 and above is not None else 0]) + filtered
        above = line
    return lines


def png(kind, depth, interlaced=False, chunks=()):
    """A file of random samples, which Pillow cannot write in all kinds. Returns it with its samples."""
    values = RANDOM.integers(0, 2**depth, (HEIGHT, WIDTH, CHANNELS[kind]))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, kind, 0, 0, int(interlaced))
    if interlaced:
        parts = [values[y::down, x::right] for y, x, down, right in PASSES]
        lines = b"".join(scanlines(part, depth) for part in parts if part.size)
    else:
        lines = scanlines(values, depth)
    before = b"".join(chunk(*each) for each in chunks)
    if kind == 3:
        before = chunk(b"PLTE", RANDOM.integers(0, 256, (2**depth, 3)).astype(np.uint8).tobytes()) + before
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")), values


def picture(seed):
    """A smooth picture with some noise, as photographs have it."""
    y, x = np.mgrid[0:24, 0:31]
    waves = np.stack([np.sin(x / 5 + seed), np.cos(y / 4), np.sin((x + y) / 7)], axis=-1)
    return np.clip(128 + 90 * waves + RANDOM.normal(0, 8, waves.shape), 0, 255).astype(np.uint8)


def jpeg(values, **options):
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def written(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def entry(name, file, pixels=None):
    image = Image.open(io.BytesIO(file))
    if pixels is None:
        gray = image.mode in ("1", "L", "LA", "I;16")
        pixels = np.asarray(image.convert("L" if gray else "RGB"))
    pixels = pixels if pixels.ndim == 3 else pixels[:, :, None]
    return {"name": name, "bytes": file.hex(), "shape": list(pixels.shape), "pixels": pixels.tobytes().hex()}


def files():
    for depth in (1, 2, 4, 8, 16):
        file, values = png(0, depth)
        # Pillow clips 16 bits to 8.
        yield entry(f"gray {depth}", file, (values >> 8).astype(np.uint8) if depth == 16 else None)
    for kind, name in ((2, "rgb"), (4, "gray alpha"), (6, "rgb alpha")):
        for depth in (8, 16):
            file, values = png(kind, depth)
            yield entry(f"{name} {depth}", file, (values[:, :, :1] >> 8).astype(np.uint8) if (kind, depth) == (4, 16) else None)
    for depth in (1, 2, 4, 8):
        yield entry(f"palette {depth}", png(3, depth)[0])
    yield entry("palette with alpha", png(3, 2, chunks=[(b"tRNS", bytes([0, 100, 255]))])[0])
    yield entry("gray with a transparent shade", png(0, 8, chunks=[(b"tRNS", b"\0\x10")])[0])
    yield entry("rgb with a transparent color", png(2, 8, chunks=[(b"tRNS", b"\0\x10\0\x20\0\x30")])[0])
    yield entry("rgb with a gamma", png(2, 8, chunks=[(b"gAMA", struct.pack(">I", 100000))])[0])
    for kind, depth in ((0, 1), (2, 8), (3, 4), (6, 8)):
        yield entry(f"interlaced {kind} {depth}", png(kind, depth, interlaced=True)[0])
    rgb = picture(1)
    yield entry("jpeg gray", jpeg(rgb[:, :, 0], quality=85))
    for number, name in ((0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")):
        yield entry(f"jpeg {name}", jpeg(rgb, quality=85, subsampling=number))
    yield entry("jpeg progressive", jpeg(rgb, quality=70, progressive=True))
    orientation = Image.Exif()
    orientation[0x112] = 6
    yield entry("jpeg held sideways", jpeg(rgb, quality=85, exif=orientation))


def refused():
    cmyk = Image.fromarray(picture(2)).convert("CMYK")
    buffer = io.BytesIO()
    cmyk.save(buffer, "JPEG")
    return {"cmyk": buffer.getvalue().hex()}


def resized():
    for channels in (1, 3):
        values = picture(channels)[:, :, :channels]
        image = Image.fromarray(values[:, :, 0] if channels == 1 else values)
        for size in ((8, 8), (7, 31), (24, 10), (50, 64), (1, 1), (23, 32)):
            result = np.asarray(image.resize(size[::-1], Image.Resampling.BILINEAR))
            yield {"channels": channels, "bytes": written(image).hex(), "size": list(size), "pixels": result.tobytes().hex()}


def main():
    image = Image.fromarray(picture(3))
    fixture = {
        "libraries": {"Pillow": Image.__version__, "libjpeg-turbo": features.version_feature("libjpeg_turbo")},
        "files": list(files()), "refused": refused(), "resized": list(resized()),
        "gray": {
            "bytes": written(image).hex(), "pixels": np.asarray(image.convert("L")).tobytes().hex()},
    }
    (FIXTURES / "images.json").write_text(text(fixture))


if __name__ == "__main__":
    main()
