"""The frontier: bytes and CPU time that encoders need for a picture of equal quality."""
