"""From a bound question to a statement: its shape (what does not depend on constants) is compiled once and kept."""
