"""Prints, as JSON, what python3-junitparser makes of a JUnit file: [{name, results: [{kind, type, message}], flaky}], and the counts."""

import json
import sys

from junitparser import JUnitXml

xml = JUnitXml.fromfile(sys.argv[1])
cases = [
    {
        "name": case.name,
        "results": [{"kind": type(result).__name__, "type": result.type, "message": result.message} for result in case.result],
        "flaky": any(child.tag.startswith("flaky") for child in case._elem),
        "output": case.system_out,
    }
    for suite in xml
    for case in suite
]
counts = {"tests": xml.tests, "failures": xml.failures, "errors": xml.errors, "skipped": sum(suite.skipped for suite in xml)}
json.dump({"counts": counts, "cases": cases}, sys.stdout)
