"""The page: in Chromium, and its logic in node."""
