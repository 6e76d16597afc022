"""How the assets are run: settings, resources, jobs, the gate's ledger, Dagster definitions and the command line."""
