"""The columns of tables of text as pandas reads them: values, what is missing, and the different texts."""

import pandas

from common import FIXTURES, number

# The files, and how a missing value is spelt in them beside pandas' own spellings.
TABLES = {"titanic.csv": [], "adult.csv": ["?"]}


def column(name, values):
    described = {"name": name, "missing": int(values.isna().sum()), "distinct": int(values.nunique())}
    if pandas.api.types.is_bool_dtype(values):
        return described | {"kind": "boolean", "values": [int(value) for value in values]}
    if pandas.api.types.is_numeric_dtype(values):
        return described | {"kind": "number", "values": [number(value) for value in values.astype(float)]}
    try:
        dates = pandas.to_datetime(values, format="ISO8601", utc=True)
        seconds = (dates - pandas.Timestamp("1970-01-01", tz="UTC")) / pandas.Timedelta(seconds=1)
        return described | {"kind": "date", "values": [number(value) for value in seconds]}
    except ValueError:
        categories = sorted(values.dropna().unique())
        codes = values.map({text: code for code, text in enumerate(categories)}).fillna(-1).astype(int)
        return described | {"kind": "text", "categories": categories, "values": [int(code) for code in codes]}


def fixtures():
    columns = []
    for file, missing in TABLES.items():
        frame = pandas.read_csv(FIXTURES / "foreign" / "csv" / file, skipinitialspace=True, na_values=missing)
        columns += [{"file": file} | column(name, frame[name]) for name in frame]
    yield "columns.json", {"columns": columns}
