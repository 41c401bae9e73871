"""The face of OpenStack Tacker's VIMs, so that its stock client works with this gateway."""
