"""What to launch: the machine, its disks, its firewall, where, and at what market."""
