"""What people read: tables, times, money, progress, results and errors."""
