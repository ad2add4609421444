#!/usr/bin/env python3
"""Holds a JSON Schema against values, one a line as {"allowed": …, "config": …}, and prints those that it judges otherwise.

    python3 scripts/references/check_schema.py docs/config.schema.json cases.jsonl
"""

import json
import sys

import jsonschema


def main():
    with open(sys.argv[1]) as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    wrong = 0
    with open(sys.argv[2]) as file:
        for line in file:
            case = json.loads(line)
            faults = [error.message for error in validator.iter_errors(case["config"])]
            if case["allowed"] == bool(faults):
                wrong += 1
                print("allowed" if case["allowed"] else "wrong", json.dumps(case["config"]), faults[:3])
    sys.exit(1 if wrong else 0)


main()
