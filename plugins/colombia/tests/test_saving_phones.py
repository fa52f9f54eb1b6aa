from __future__ import annotations

from typing import Any

import pytest

CLIENT = "clients.client"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("310 555 12 34", "+573105551234"),
        ("+57 (604) 555-1234", "+576045551234"),
        ("604 555 1234 ext. 12", "+576045551234 ext 12"),
        ("5551234", "5551234"),  # a landline from before 2021
        ("+34 612 345 678", "+34 612 345 678"),
        ("199 555 1234", "199 555 1234"),  # nobody has such a number
    ],
)
def test_colombian_numbers_are_kept_in_e164_and_others_as_typed(
    unit: Any, typed: str, kept: str
) -> None:
    with unit() as work:
        record = work.records.create(CLIENT, {"name": "Cliente", "phone": typed, "mobile": typed})

    assert (record["phone"], record["mobile"]) == (kept, kept)
