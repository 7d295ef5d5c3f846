"""How many uploads at once: storms measured on the embedded AWS and simulated for AWS."""
