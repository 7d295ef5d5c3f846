"""Duplicates of earlier uploads: the same bytes, and images that look the same."""
