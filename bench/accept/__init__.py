"""``python -m bench accept``: prove a stack on the user's own AWS account, with a clone of it."""
