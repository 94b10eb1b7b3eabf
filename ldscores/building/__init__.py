"""One sweep of the panel for all columns: from files to files."""
