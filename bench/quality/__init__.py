"""A target quality: fitting its model to pictures, and testing it on those of other authors."""
