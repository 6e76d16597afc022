"""How services are asked: paced, patient, every response kept, resumed where it was cut off. Knows no service."""
