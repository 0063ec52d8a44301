"""What a process counts of its work, and how Prometheus is told: plain numbers, read when somebody asks."""
