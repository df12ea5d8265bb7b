"""From files to conformed waves, with a quarantine and a ledger in which every source row is accounted for."""
