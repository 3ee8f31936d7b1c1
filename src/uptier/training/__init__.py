"""How heads are learnt, judged, promoted, written down and registered."""
