"""Pure data: what the stages hand to each other."""
