"""copp_bot: a community of practice that lives in Matrix rooms. Read ``app.py`` first."""
