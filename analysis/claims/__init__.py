"""The article's statements and our verdicts on them."""
