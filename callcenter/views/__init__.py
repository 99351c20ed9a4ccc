"""Pages of the kernel: they route, forms convert, the domain decides, templates show."""
