"""Bad plugins, really installed in fresh environments, for crmkit and for hosts that others know: `python -m benchmarks.torture`."""
