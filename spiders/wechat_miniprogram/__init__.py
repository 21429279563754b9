"""WeChat mini-programs: recorded traffic (HAR) of an officer's own phone, redacted before anything is kept."""
