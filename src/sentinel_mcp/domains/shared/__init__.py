"""What the areas share: one place for each fact that several of them need."""
