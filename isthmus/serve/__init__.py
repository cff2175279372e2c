"""Models where the data is, or where requests come from.

scorer: one picklable object for Ray, Spark, Dask and processes; scoring: whole files by it.
"""
