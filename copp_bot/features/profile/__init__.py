"""Who I am to the others: language, time zone, interests; and finding people by what interests them."""
