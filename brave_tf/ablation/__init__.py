"""The paper's comparisons at any scale: rows, runs, and what they say together."""
