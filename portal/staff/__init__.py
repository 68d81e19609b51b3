"""The staff's room: queues, cases, the board, and the municipality's own settings."""
