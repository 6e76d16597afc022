"""What a run talks to: object storage, the lake, dbt. Each is a plain class that works without Dagster."""
