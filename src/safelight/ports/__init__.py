"""Protocol classes at the edge of the core. A port appears with its second implementation; a fake counts."""
