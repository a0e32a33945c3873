"""Who and what there is: people, teams, services, schedules, policies, routes, vendors, runbooks; kept as code."""
