"""Tables: the contract, the way in, the check, and History, the one door to the past."""
