"""What the commands ask of im: of the services in this process, or of an `im web` elsewhere. Both answer with the same objects."""
