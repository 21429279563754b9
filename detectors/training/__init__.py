"""Training of the decision's weights from the product's own written posts (see card.md)."""
