"""Tables of text as Python's csv module reads them, and numbers as Python's float does; from the standard library."""

import csv
import io
import random
import struct

WORDS = [
    "a", "setosa", "versi, color", "x;y", "p|q", "two\nlines", "three\r\n\nlines", "tab\there", 'say "no"', '"', '""',
    "", " ", "  blanks around ", "'single'", "#7", "Zürich", "東京", "🌍", "1e5", "-0.25", "007", "a\rb", "5\" pipe",
]

NUMBERS = [
    "0", "-0", "+.5", "5.", ".", "", "-", "e5", "1e", "1e+", "1e400", "-1e400", "1e-400", "4.9e-324", "0e999",
    "00000000000000000000000012", "0.000000000000000000000000000000000001", "9007199254740993", "9007199254740992",
    "9223372036854775807", "18446744073709551616", "100000000000000000000000", "100000000000000008388608", "1e23",
    "8.5e22", "1.7976931348623159e308",
]


def records(text, delimiter, strict):
    """What csv.reader finds, in our terms: blanks around fields do not count, lines with nothing in them neither."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=strict)
    found = [[field.strip(" \t") for field in record] for record in reader]
    return [record for record in found if record not in ([], [""])]


def table(generator, delimiter, line_end):
    text = io.StringIO(newline="")
    quoting = generator.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    columns = generator.randrange(1, 6)
    for _ in range(generator.randrange(1, 8)):
        writer.writerow([generator.choice(WORDS) for _ in range(columns)])
        if generator.random() < 0.15:
            text.write(line_end)
    text = text.getvalue()
    return text[: -len(line_end)] if generator.random() < 0.3 else text


def damaged(generator, text):
    """A table with a few characters gone, doubled or in another place."""
    for _ in range(generator.randrange(1, 4)):
        at = generator.randrange(len(text) + 1)
        text = text[:at] + generator.choice(["", '"', ",", "\n", '""', "x"]) + text[at + generator.randrange(2):]
    return text


def tables():
    generator = random.Random(20)
    for index in range(160):
        delimiter = generator.choice([",", ";", "\t", "|", "~"])
        text = table(generator, delimiter, generator.choice(["\n", "\r\n", "\r"]))
        expected = records(text, delimiter, True)
        yield {"name": f"written {index}", "delimiter": delimiter, "text": text, "records": expected}
    for index in range(160):
        text = damaged(generator, table(generator, ",", generator.choice(["\n", "\r\n"])))
        try:
            expected = records(text, ",", True)
        except csv.Error:
            expected = None
            # A blank behind a closing quote is none of our errors, but one of the strict reader's.
            if any(blank in text for blank in ('" ', '"\t')):
                continue
        yield {"name": f"damaged {index}", "delimiter": ",", "text": text, "records": expected}


def number(generator):
    digits = lambda most: "".join(generator.choice("0123456789") for _ in range(generator.randrange(most + 1)))
    kind = generator.randrange(6)
    if kind == 0:
        return repr(generator.gauss(0, 10 ** generator.randrange(-8, 9)))
    if kind == 1:
        return repr(struct.unpack(">d", struct.pack(">Q", generator.randrange(0x7FF << 52)))[0])
    if kind == 2:
        # Halfway between two numbers, and beside.
        value = (generator.randrange(1 << 52, 1 << 53) * 2 + 1) << generator.randrange(0, 10)
        return str(value + generator.choice([-1, 0, 1]))
    sign, point = generator.choice(["", "-", "+"]), generator.choice(["", ".", "."])
    power = generator.choice("eE") + generator.choice(["", "-", "+"]) + digits(3 if kind == 5 else 2)
    return sign + digits(24 if kind == 4 else 12) + point + digits(20) + ("" if kind == 3 else power)


def numbers():
    generator = random.Random(21)
    texts = [number(generator) for _ in range(600)]
    texts += NUMBERS
    for text in texts:
        try:
            value = float(text)
        except ValueError:
            value = float("inf")
        finite = abs(value) != float("inf")
        rounded = text.lstrip("+-").isdigit() and finite and int(text) != int(value)
        yield {"text": text, "bits": struct.pack(">d", value).hex() if finite else None, "rounded": rounded}


def fixtures():
    yield "tables.json", {"tables": list(tables()), "numbers": list(numbers())}
