"""The derived tables are what the sources give."""

import pandas as pd
import pytest

from analysis import build, tables


def test_the_stored_derived_tables_are_current(capsys):
    assert build.main(["--check"]) == 0
    assert capsys.readouterr().out.count(": current") == len(build.DERIVED)


def test_a_changed_number_is_found_with_its_row_and_column(monkeypatch, capsys):
    stored = tables.load("scaling_fits")
    changed = stored.assign(A=stored["A"] * (1 + 1e-4))
    monkeypatch.setitem(build.DERIVED, "scaling_fits", lambda: changed)
    assert build.main(["--check", "scaling_fits"]) == 1
    assert "row 1, column A" in capsys.readouterr().out


def test_building_twice_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "DERIVED", {"scaling_fits": build.scaling_fits})
    real = tables.DATA
    target = tmp_path / "one.csv"
    frame = build.rounded(build.scaling_fits())
    frame.to_csv(target, index=False, lineterminator="\n")
    assert target.read_bytes() == (real / "derived" / "scaling_fits.csv").read_bytes()


def test_an_unknown_table_is_refused(capsys):
    with pytest.raises(SystemExit):
        build.main(["--check", "nonsense"])
    assert "nonsense" in capsys.readouterr().err


def test_rounding_keeps_ten_digits_and_zero():
    frame = build.rounded(pd.DataFrame({"x": [0.0, 1.23456789012345, -9.87654321098765e22]}))
    assert frame["x"].tolist() == [0.0, 1.234567890, -9.876543211e22]
