"""Self-contained HTML pages: one file, nothing loaded from anywhere."""
