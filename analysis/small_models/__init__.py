"""Small models: scores against larger ones, what data does, and Self-Instruct."""
