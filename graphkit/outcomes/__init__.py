"""What people do next: purchase, staying, lifetime value, uplift. Tables in, frozen results out."""
