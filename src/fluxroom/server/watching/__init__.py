"""How the gateway is doing: health, metrics, traces."""
