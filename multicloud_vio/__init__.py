"""VMware Integrated OpenStack: the cloud that pushes."""
