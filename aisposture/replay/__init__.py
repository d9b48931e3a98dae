"""Local clouds: serves fixtures over the wire, records through the redactor."""
