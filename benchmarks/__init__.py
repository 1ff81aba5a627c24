"""Every promise about speed and size, measured beside the peers in one run: `make bench`."""
