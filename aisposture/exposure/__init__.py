"""Who can reach what over the network, and why not where not."""
