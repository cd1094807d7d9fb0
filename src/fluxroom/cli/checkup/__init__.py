"""What `fluxroom doctor` looks at, and how it compares the real providers with the sandbox."""
