"""Names of the files in a run directory, for those who read one without TensorFlow."""

CONFIG_FILE = "config.json"
SUMMARY_FILE = "summary.json"
METRICS_FILE = "metrics.jsonl"
DIAGNOSIS_FILE = "diagnosis.json"
"""Why a run was stopped; only there if it was, and until it goes on."""
LOCK_FILE = ".lock"
"""Locked by the process that trains."""
