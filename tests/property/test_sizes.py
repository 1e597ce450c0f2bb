"""Sizes are read as they are written, and nothing else is taken for one."""

import re
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from attimo.settings.values import size

UNITS = {
    "": 1,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "TB": 1000**4,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
    "TiB": 1024**4,
}
units = st.sampled_from(list(UNITS))


@given(st.integers(0, 10**15), units, st.booleans(), st.booleans())
def test_a_whole_number_of_units_is_exact(number: int, unit: str, blank: bool, lower: bool) -> None:
    text = f"{number}{' ' if blank else ''}{unit.lower() if lower else unit}"

    assert size(text.strip()) == number * UNITS[unit]


@given(st.decimals(0, 10**6, places=3), units.filter(bool))
def test_a_part_of_a_unit_is_rounded_down_to_bytes(number: object, unit: str) -> None:
    assert size(f"{number}{unit}") == int(Fraction(str(number)) * UNITS[unit])


@given(st.integers(0, 10**6), st.integers(1, 999))
def test_a_part_of_a_byte_is_refused(whole: int, thousandths: int) -> None:
    with pytest.raises(ValueError, match="no whole number of bytes"):
        size(f"{whole}.{thousandths:03}")


@given(st.integers(0, 2**62))
def test_a_bare_number_is_bytes(number: int) -> None:
    assert size(number) == size(str(number)) == number


@given(st.text(max_size=12))
@example("1e9")
@example("1_000")
@example("0x10")
@example("+1")
@example("-1")
@example("1GiB ")
@example(" 1")
@example("٣")
@example("1,5GB")
@example("GiB")
@example("1.")
@example(".5GiB")
@example("1  GiB")
@example("1GiBs")
def test_what_is_no_size_is_refused(text: str) -> None:
    looks_right = re.fullmatch(r"[0-9]+(\.[0-9]+)? ?([kmgt]i?b)?", text, re.IGNORECASE | re.ASCII)
    if looks_right:
        assert size(text) >= 0
    else:
        with pytest.raises(ValueError, match="not a size"):
            size(text)
