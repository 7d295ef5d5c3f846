"""The code of the Lambda bundle: one upload in, its renditions and manifest out."""
