"""What `manage.py demo` shows: invented people, plates and phones."""
