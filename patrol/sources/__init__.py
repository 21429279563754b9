"""A source tried, written from an address, recorded, and its new normal accepted."""
