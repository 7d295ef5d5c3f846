"""What an operator runs against a live stack."""
