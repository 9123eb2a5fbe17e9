"""Students without skip connections: data, networks, distillation, and their integers."""
