"""The registered Thinc architectures. Imported by name through entry points, never by this package."""
