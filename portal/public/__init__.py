"""What everybody may see: the front page with its two doors, the way in and out, and the pages of help."""
