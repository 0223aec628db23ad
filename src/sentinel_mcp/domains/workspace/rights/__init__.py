"""What the identity may do, and the least role to grant."""
