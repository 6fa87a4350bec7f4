"""Numbers as people read them."""

import math

import pytest

from analysis import units


def test_a_petaflop_per_second_day_is_the_unit_of_kaplan_2020():
    # kaplan2020 section 1.3: one PF-day = 10^15 x 24 x 3600 = 8.64 x 10^19 floating point operations.
    assert units.PF_DAY == 8.64e19
    assert units.SECONDS_PER_DAY == 24 * units.SECONDS_PER_HOUR == 24 * 60 * 60
    assert units.JOULES_PER_KWH == 1000 * units.SECONDS_PER_HOUR  # a kilowatt for an hour


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.76e23, "5.76×10²³ FLOP"), (1e20, "10²⁰ FLOP"), (2.5e19, "2.5×10¹⁹ FLOP"), (9.999e23, "10²⁴ FLOP"), (0, "0 FLOP")],
)
def test_flops_are_written_as_powers_of_ten(value, text):
    assert units.format_flops(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7.24e9, "7.24 B"),
        (1.4e12, "1.4 T"),
        (70_426_624, "70.4 M"),
        (1500, "1.5 k"),
        (999, "999"),
        (999.96e9, "1 T"),
        (20.0, "20"),
        (0, "0"),
    ],
)
def test_counts_carry_k_m_b_and_t(value, text):
    assert units.format_count(value) == text


def test_a_count_can_say_of_what():
    assert units.format_count(2e12, "tokens") == "2 T tokens"


def test_decimal_and_binary_bytes_are_told_apart():
    # The memory of an "80 GB" device and of one that reports 80 GiB differ by seven percent.
    assert units.format_bytes(80e9) == "80 GB"
    assert units.format_bytes(80 * 2**30, binary=True) == "80 GiB"
    assert units.format_bytes(80 * 2**30) == "85.9 GB"
    assert units.format_bytes(999.96e6) == "1 GB"
    assert units.format_bytes(512) == "512 B"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (21 * 86400, "21 days"),
        (86400, "1 day"),
        (36 * 3600, "1.5 days"),
        (3600, "1 hour"),
        (90, "1.5 minutes"),
        (60, "1 minute"),
        (1, "1 second"),
        (0.25, "0.25 seconds"),
        (0, "0 seconds"),
        (2 * 365.25 * 86400, "2 years"),
    ],
)
def test_durations_use_the_largest_fitting_unit_and_the_right_number(seconds, text):
    assert units.format_duration(seconds) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [(4.096, "$4.10"), (0.526, "$0.53"), (100, "$100"), (2.67e6, "$2.67 million"), (1e9, "$1 billion"), (12_345.0, "$12,300"), (0, "$0")],
)
def test_money_shows_cents_where_they_matter(usd, text):
    assert units.format_money(usd) == text


def test_rates_carry_an_si_prefix():
    assert units.format_si(312e12, "FLOP/s") == "312 TFLOP/s"
    assert units.format_si(2.25e15, "FLOP/s") == "2.25 PFLOP/s"
    assert units.format_si(0.5, "W") == "0.5 W"


def test_energy_and_mass_fit_llama_2():
    # touvron2023llama2 Table 2: 1,720,320 GPU-hours at 400 W; 291.42 t CO2eq for the 70B model.
    assert units.format_energy(1_720_320 * 3600 * 400) == "688 MWh"
    assert units.format_mass(291_420) == "291 t"
    assert units.format_mass(0.2) == "0.2 kg"


@pytest.mark.parametrize("exponent", range(-12, 30))
@pytest.mark.parametrize("lead", [1.0, 1.2345, 9.996, -4.2])
def test_three_significant_digits_lose_less_than_one_part_in_two_hundred(lead, exponent):
    value = lead * 10.0**exponent
    shown = units.read_number(units.significant(value))
    assert shown == pytest.approx(value, rel=5.1e-3)


def test_every_format_shows_a_dash_for_what_is_not_known():
    formats = [getattr(units, name) for name in dir(units) if name.startswith("format_")]
    assert len(formats) >= 8
    for form in formats:
        arguments = ("W",) if form is units.format_si else ()
        assert form(math.nan, *arguments).startswith(units.MISSING), form.__name__
        assert form(math.inf, *arguments).startswith(units.MISSING), form.__name__
