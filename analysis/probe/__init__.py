"""The probe runner: run a real model here and compare it with the published curves.

A library and a command line (`python -m analysis.probe ...`), without Streamlit. `spec` says what a run is, `models` opens
a model, `items` makes the questions, `engine` answers them, `store` keeps the rows, `jobs` runs it all in a process of its own.
torch and transformers are imported only inside functions that run a model.
"""
