"""The rehearsal: the whole program on the real engine and a throw-away cluster, with AWS and Docker played by us."""
