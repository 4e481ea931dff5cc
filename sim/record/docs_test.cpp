// placeholder until docs/records.md is there
