"""What people bring: saved pages and screenshots, on the same journey as fetched pages."""
