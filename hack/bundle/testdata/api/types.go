// Package api has types for the tests of the markers.
package api

// Thing is what
// is described.
// +operator-sdk:csv:customresourcedefinitions:displayName="A Thing",resources={{Pod,v1,""},{DaemonSet,v1,"x"}}
type Thing struct {
	Spec   ThingSpec   `json:"spec"`
	Status ThingStatus `json:"status"`
}

// ThingSpec is nothing special.
type ThingSpec struct {
	// second has no order and comes last.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Second"
	Second string `json:"second,omitempty"`
	// first comes first.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="First",xDescriptors={"a:b","c"},order=1
	First *string `json:"first"`
	// third comes third, with what belongs to it.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Third",order=3
	Third Inner `json:"third"`
	// untold has no marker.
	Untold []string `json:"untold"`
	// hidden is in no manifest.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Hidden"
	Hidden string `json:"-"`
}

// Inner counts from 1 again.
type Inner struct {
	// name of it.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Name",order=1
	Name string `json:"name"`
}

// ThingStatus has parts.
type ThingStatus struct {
	// parts of it.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Parts",order=1
	Parts []Part `json:"parts"`
}

// Part is one of many.
type Part struct {
	// name of the part.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Name"
	Name string `json:"name"`
}

// Wrong has a marker of an unknown type.
// +operator-sdk:csv:customresourcedefinitions:displayName="Wrong"
type Wrong struct {
	Spec WrongSpec `json:"spec"`
}

// WrongSpec is one whose marker is wrong.
type WrongSpec struct {
	// a is wrong.
	// +operator-sdk:csv:customresourcedefinitions:type=elsewhere,displayName="A"
	A string `json:"a"`
}
