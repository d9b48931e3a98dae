"""Collectors for AWS, one file per service family."""
