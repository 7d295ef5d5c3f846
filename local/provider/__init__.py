"""The embedded AWS as a Pulumi provider, driven by the real engine."""
