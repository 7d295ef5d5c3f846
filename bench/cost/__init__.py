"""The monthly bill."""
