"""Tests, and under bench/ the benchmarks."""
