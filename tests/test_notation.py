"""Numbers in the notations of people and programs: each reads as the same number, or is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.units import PF_DAY
from analysis.uploads.notation import LONGEST, MIXED, Unit, is_ambiguous, mark_of, number, scaled, unit_of


def test_a_unit_leaves_no_digits_behind():
    assert scaled(*number("4.1B")) == 4_100_000_000 != 4.1 * 1e9


FORTY_FOUR_MILLION = (
    "44000000", "44,000,000", "44.000.000", "44 000 000", "44\u00a0000\u00a0000", "44\u202f000\u202f000", "44'000'000", "44’000’000",
    "44_000_000", "4,40,00,000", "4.4e7", "4.4E+07", "4,4e7", "44M", "44 m", "44 million", "44 Mio", "0.044B", "0,044 bn", "44000k", "44e6",
    "44 million params", "44M parameters", "4.4×10^7", "4.4 x 10^7", "4.4*10**7", "4.4·10⁷", "+44000000", " 44M ", "44 MM", "44e+6 params",
)  # fmt: skip


@pytest.mark.parametrize("text", FORTY_FOUR_MILLION)
def test_one_number_is_read_in_every_notation(text):
    value, unit = number(text)
    assert scaled(value, unit) == 44e6 and unit.kind in ("", "parameters")


@pytest.mark.parametrize(
    ("text", "flops"),
    [
        ("3.1e17 FLOPs", 3.1e17), ("2.0×10^18", 2e18), ("1.5 EFLOP", 1.5e18), ("10^18", 1e18), ("10**21 FLOP", 1e21), ("10¹⁸", 1e18),
        ("2 exaFLOPs", 2e18), ("300 petaflop", 3e17), ("5 ZFLOP", 5e21), ("4 billion FLOPs", 4e9), ("2 PF-days", 2 * PF_DAY),
        ("3 petaflop/s-days", 3 * PF_DAY), ("1 exaflop/s day", 1000 * PF_DAY), ("7 GFLOPs", 7e9),
    ],
)  # fmt: skip
def test_training_compute_is_read_in_its_units(text, flops):
    value, unit = number(text)
    assert scaled(value, unit) == pytest.approx(flops, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "x", "1,2,3", "1.2.3", "12,34,5", "0x10", "=1+1", "--5", "1e", "e5", "15.08 GB", "4.4×107", "100^2", "１２", "nan", "inf",
        "1e99999", "1e999", "1 2", "12 345 67", "44 potatoes", "1,1 Billionen", "1" * (LONGEST + 1), "1 e 5 e 5", "7e2.5", "NaN", "-", ".",
        ",", "3.5.", "1_00",
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="is empty|is not a number|is too large"):
        number(text)


def test_a_comma_that_may_be_either_is_refused_until_other_cells_tell():
    with pytest.raises(ValueError, match="may be 1234 or 1.234: '1,234'"):
        number("1,234")
    assert number("1,234", mark_of(["1,234", "1,234,567"]))[0] == 1234
    assert number("1,234", mark_of(["1,234", "0,5"]))[0] == 1.234
    assert number("1.234", mark_of(["1.234", "0,5"]))[0] == 1234
    assert number("1.234")[0] == 1.234
    assert mark_of(["1,234", "0.5", "0,5"]) == MIXED and is_ambiguous("1.234", MIXED) and not is_ambiguous("0.5", MIXED)
    for text in ("1,234", "1.234"):
        with pytest.raises(ValueError, match="may be (1234 or 1.234|1.234 or 1234): "):
            number(text, MIXED)
    assert number("1.234e9", ",")[0] == 1.234e9 and mark_of(["1.234e9"]) == "."  # points are no groups before an exponent
    assert number("0,5", ".")[0] == 0.5 == number("0.5", ",")[0]  # these can be read in one way only


@pytest.mark.parametrize(
    ("text", "factor", "kind"),
    [
        ("", 1, ""), ("M", 1e6, ""), ("millions", 1e6, ""), ("in billions", 1e9, ""), ("B tokens", 1e9, "tokens"), ("bn", 1e9, ""),
        ("millions of parameters", 1e6, "parameters"), ("nats/token", 1, "nats"), ("bits per byte", 1, "bits per byte"),
        ("bpb", 1, "bits per byte"),
        ("bits", 1, "bits"), ("ppl", 1, "perplexity"), ("%", 0.01, "%"), ("PFLOP/s", 1e15, "FLOP/s"), ("Mrd", 1e9, ""), ("k", 1e3, ""),
    ],
)  # fmt: skip
def test_units_are_known(text, factor, kind):
    assert unit_of(text) == Unit(factor, kind)


@pytest.mark.parametrize("text", ["GB", "hours", "epochs", "tokens/s", "Billionen", "tok/s", "GPU-hours", "M M", "per token"])
def test_other_units_are_none(text):
    assert unit_of(text) is None


def grouped(whole: int, separator: str) -> str:
    """The digits of a whole number in threes."""
    return f"{whole:,}".replace(",", separator)


WHOLE, PART = st.integers(0, 10**15), st.text("0123456789", max_size=4)


@given(
    WHOLE,
    PART,
    st.sampled_from([(".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "\u202f"), (".", "_"), (".", ""), (",", "")]),
)
def test_any_number_in_any_style_is_read_or_called_ambiguous(whole, part, style):
    mark, separator = style
    text = (grouped(whole, separator) if separator else str(whole)) + (mark + part if part else "")
    meant = float(f"{whole}.{part or 0}")
    assert number(text, mark)[0] == meant
    try:
        assert number(text)[0] == meant or (mark == "," and "." in text and text.count(".") == 1)
    except ValueError:
        assert is_ambiguous(text)


@given(st.floats(1e-300, 1e300), st.sampled_from("eE"))
def test_what_programs_write_is_read_to_the_last_digit(value, sign):
    assert number(repr(value).replace("e", sign))[0] == value and math.isfinite(value)
