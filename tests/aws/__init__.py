"""AWS calls as they come out of the guest: real botocore, real HTTP, whole documents."""
