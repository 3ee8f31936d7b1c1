"""A simulated world in figures and pictures, for its page."""
