import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from aisposture.model.finding import Report
from aisposture.report.json import render, schema
from tests.report.sample import empty, report
from tests.report.sample_extremes import hostile

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(schema())


@pytest.mark.parametrize("made", [report(), empty(), hostile()], ids=["northwind", "empty", "hostile"])
def test_json_is_exactly_the_report_and_fits_its_schema(made: Report) -> None:
    encoded = render(made)
    assert msgspec.json.decode(encoded, type=Report) == made
    jsonschema.validate(json.loads(encoded), SCHEMA, cls=jsonschema.Draft202012Validator)


def test_schema_refuses_a_band_that_does_not_exist() -> None:
    broken = json.loads(render(report()))
    broken["findings"][0]["score"]["band"] = "catastrophic"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_published_schema_is_up_to_date() -> None:
    published = (ROOT / "docs" / "report-schema.json").read_bytes()
    assert published == schema(), "run: aisposture report --schema > docs/report-schema.json"
