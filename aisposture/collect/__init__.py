"""What reaches the wire: declarations of kinds and calls, and the runner that executes them."""
