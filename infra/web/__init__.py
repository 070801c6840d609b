"""What the HTTP servers share: the bounds within which a connection may take of them."""
