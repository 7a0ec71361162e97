// Package jobcache reads Jobs as unstructured objects and decodes them one by one.
//
// The API server checks a Job against the schema of the CRD, and Go decodes it into the
// types. A Job that the schema accepts and the types do not would fail the list of a
// typed informer, and with it every Job of the cluster. Here it is an error of that Job
// alone. The controllers read Jobs by no other way.
package jobcache
