"""The web edge: one small site over the same services and the same gate as the chat."""
