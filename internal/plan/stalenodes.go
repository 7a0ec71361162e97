package plan

import "k8s.io/apimachinery/pkg/types"

// StaleNodes are nodes of which a live list showed that the cache lacks them, or has earlier
// machines of their names. It has the UID that the cache has of each, empty for none.
//
// The watches of pods and nodes do not wait for one another. After a Plan from a live State has
// ungated the pod of a node that joined, the cache may show the pod at work, and no node: one
// that left would hold no slot.
type StaleNodes map[string]types.UID

// FindStaleNodes compares live nodes with all nodes by name that the cache had before they were
// listed. Compared with a later cache, a node that was replaced meanwhile would be stale until
// the next live list, and might be what the Job waits for.
func FindStaleNodes(live []Node, cached map[string]*Node) StaleNodes {
	stale := StaleNodes{}
	for i := range live {
		node := &live[i]
		if uid := uidOf(cached[node.Name]); uid != node.UID {
			stale[node.Name] = uid
		}
	}
	return stale
}

// Still returns those that the cache shows as it did.
func (n StaleNodes) Still(cached map[string]*Node) StaleNodes {
	still := StaleNodes{}
	for name, uid := range n {
		if uidOf(cached[name]) == uid {
			still[name] = uid
		}
	}
	return still
}

func uidOf(node *Node) types.UID {
	if node == nil {
		return ""
	}
	return node.UID
}

// isStale returns whether the State is not live and shows a node of this name as it is not.
func (s *State) isStale(name string) bool {
	_, stale := s.StaleNodes[name]
	return stale && !s.Live
}
