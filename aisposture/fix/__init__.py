"""What to change first: fixes as patches of the inventory, chosen by cover and proved by running everything again."""
