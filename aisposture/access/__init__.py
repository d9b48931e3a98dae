"""Who can do what: the law of each cloud."""
