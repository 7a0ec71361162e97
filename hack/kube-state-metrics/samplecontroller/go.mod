// A stand-in for the one type of sample-controller that kube-state-metrics names.
module k8s.io/sample-controller

go 1.26.3
