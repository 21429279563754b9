"""What each verb of the `patrol` command does with what an officer typed."""
