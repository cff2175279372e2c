"""What a regression is: metrics, margins, verdicts, and how much is measured for them."""
