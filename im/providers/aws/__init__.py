"""Amazon EC2. The profile, the image names and the key check load without boto3; the rest loads at the first call."""
