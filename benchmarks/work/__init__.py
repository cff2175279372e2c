"""What is measured: workloads, models of the user's, and their files and inputs."""
