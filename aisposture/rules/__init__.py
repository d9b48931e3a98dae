"""Rules: values read from YAML, checked, compiled to queries, run."""
