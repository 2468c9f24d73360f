"""Kubernetes: a claim that stays, and a pod of the same name that comes and goes. Also every cluster that a kubeconfig leads to."""
