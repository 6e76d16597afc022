"""What models say of a day's works: vectors and labels, computed once a text."""
