"""The top: what runs after what, the configuration, and the `merr` command."""
