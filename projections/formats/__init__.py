"""One report result, several forms."""
