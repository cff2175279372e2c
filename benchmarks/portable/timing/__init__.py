"""Calls timed inside a measured process, and the disturbances that are watched for."""
