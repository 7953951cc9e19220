"""Where blocks of worlds run: serial or on threads, with identical integers."""
