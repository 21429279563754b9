"""Official templates that a bureau loads: find their header row, map their columns, fill them without breaking their formats."""
