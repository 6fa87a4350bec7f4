"""Work beside the server: the worker process, and results computed once for all readers."""
