"""Letters that Trato writes by itself, and the links in them."""
