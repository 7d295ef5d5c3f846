"""Upload storms: measured on the embedded AWS, and simulated for AWS."""
