"""The policy pack: the guardrails, and the program that serves them to the Pulumi engine."""
