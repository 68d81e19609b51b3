"""Nothing acknowledged is lost: the portal killed again and again under load, its answers held against its database."""
