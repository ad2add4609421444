"""Runs an exported model with ONNX Runtime and prints what it gives, for tests that compare it with `trainer predict`.

    python3 scripts/references/run_onnx.py MODEL.onnx ROWS.json|ROWS.csv [MODEL ROWS]...

Prints one JSON object on one line for each model: its opset and metadata, its inputs, and each output as a flat list with its shape.
The model must pass ONNX's full check. JSON is a list of numbers, the rows of the one input. Of a table each input is the column of
its name: an empty field is a missing number or text. Needs the packages of export-requirements.txt.
"""

import csv
import datetime
import json
import math
import sys

import numpy as np
import onnx
import onnxruntime


def number(text):
    """A field of a table: a number, a truth value, a date (UTC), or nothing."""
    if text == "":
        return math.nan
    words = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return float(text)
    except ValueError:
        date = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        return date.replace(tzinfo=date.tzinfo or datetime.timezone.utc).timestamp()


def feeds(session, path):
    types = {"tensor(float)": np.float32, "tensor(double)": np.float64}
    inputs = session.get_inputs()
    if path.endswith(".json"):
        (only,) = inputs
        with open(path, encoding="utf-8") as file:
            rows = np.array(json.load(file), dtype=types[only.type])
        return {only.name: rows.reshape([-1] + only.shape[1:])}
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        value.name: np.array([[row[value.name]] for row in rows], dtype=object)
        if value.type == "tensor(string)"
        else np.array([[number(row[value.name])] for row in rows], dtype=types[value.type])
        for value in inputs
    }


def main(model_path, rows_path):
    model = onnx.load(model_path)
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model_path, options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    results = session.run(names, feeds(session, rows_path))
    print(
        json.dumps(
            {
                "opset": {entry.domain: entry.version for entry in model.opset_import},
                "metadata": {entry.key: entry.value for entry in model.metadata_props},
                "inputs": {value.name: [value.type, value.shape] for value in session.get_inputs()},
                "outputs": {
                    name: {"shape": list(result.shape), "values": result.ravel().tolist()}
                    for name, result in zip(names, results)
                },
            }
        )
    )


if __name__ == "__main__":
    for pair in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        main(*pair)
