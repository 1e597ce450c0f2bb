"""Rate cards and bills: pure arithmetic on what was metered. No database, no wire, no clock."""
