"""Outside eyes: what the field's own linters and scanners say of what this project deploys and is made of."""
