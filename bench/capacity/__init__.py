"""The capacity that a month's uploads and a burst need on AWS, and the quotas to ask for."""
