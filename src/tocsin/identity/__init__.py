"""Who acts and what they may do and see."""
