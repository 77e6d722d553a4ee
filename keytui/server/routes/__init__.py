"""The management API's paths, by what they are about."""
