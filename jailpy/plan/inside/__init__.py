"""What is copied into a jail and runs there; never imported outside."""
