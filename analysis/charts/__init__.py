"""What every figure is made of: panels, looks, rows with intervals. Knows no topic."""
