"""What scores accounts: the fitted heads as one plain bundle, and the points model that stands in for them."""
