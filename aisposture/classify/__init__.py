"""What things are: data sensitivity, agents and tools."""
