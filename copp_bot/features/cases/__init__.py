"""Cases: what people report, ask help for, or appeal against."""
