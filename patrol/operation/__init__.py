"""The workspace as a running service: how it stands, logs, metrics, notices, and the services of the machine."""
