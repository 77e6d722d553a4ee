"""What the issuers of keys that are not our own are asked to do: with intent and outcome, and no transaction across."""
