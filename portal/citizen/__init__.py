"""The citizen's room: ask for a conversation, find a way, my page."""
