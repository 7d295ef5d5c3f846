"""The image library: bytes in, renditions out. It knows nothing of AWS."""
