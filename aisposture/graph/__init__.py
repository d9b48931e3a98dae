"""One graph over all clouds: columns, facts, search, stores."""
