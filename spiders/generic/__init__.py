"""Spiders by kind of fetching: `walk` over plain HTTP, `browse` in a browser. What they read is said by platform.yml."""
