"""All that ships in the signer's Lambda bundle; boto3 comes with the runtime."""
