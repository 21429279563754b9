"""The officers' console: reads the store, shows evidence, writes judgements, people and the audit log only."""
