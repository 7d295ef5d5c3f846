"""Commands for the operator of a live stack."""
