"""What the server gives besides pages: figures as files, charts for frames, the list of figures."""
