"""Tables, formulas, fits and figures behind the dashboard; usable without it."""
