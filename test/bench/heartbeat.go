package main

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// heartbeatPeriod is how often a kubelet writes the status of a node that does not change
// (nodeStatusReportFrequency). Its lease, which it renews every ten seconds, is not
// simulated: the operator watches no leases.
const heartbeatPeriod = 5 * time.Minute

// heartbeats counts the heartbeats of all nodes.
type heartbeats struct{ sent, failed atomic.Int64 }

// sendHeartbeats sends the heartbeats of all nodes, one after the other, until the context
// ends.
func (e *env) sendHeartbeats(ctx context.Context) *heartbeats {
	beats := &heartbeats{}
	go func() {
		pace := time.NewTicker(heartbeatPeriod / time.Duration(max(1, e.nodes)))
		defer pace.Stop()
		for i := 0; ; i = (i + 1) % e.nodes {
			select {
			case <-ctx.Done():
				return
			case <-pace.C:
			}
			err := e.heartbeat(ctx, simulatedNode(i).Name, time.Now())
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				beats.failed.Add(1)
			default:
				beats.sent.Add(1)
			}
		}
	}()
	return beats
}

// snapshotPeriod is less than the five minutes between two compactions of etcd.
const snapshotPeriod = time.Minute

// keepNodeSnapshot sends a heartbeat of one node every minute until the context ends. At
// a compaction of etcd, the API server drops the snapshots of its watch cache from before
// it, also the latest one (kubernetes/kubernetes#132876). If no node was written since, as
// never happens on real clusters of this size, it reads each page of a list of nodes from
// etcd: that took 3 s on 5,000 nodes.
func (e *env) keepNodeSnapshot(ctx context.Context) {
	for sleep(ctx, snapshotPeriod) == nil {
		if err := e.heartbeat(ctx, simulatedNode(0).Name, time.Now()); err != nil && ctx.Err() == nil {
			e.logf("%10s  a heartbeat failed: %v", "", err)
		}
	}
}

// heartbeat writes the time into a node's conditions, as its kubelet does.
func (e *env) heartbeat(ctx context.Context, name string, now time.Time) error {
	type condition struct {
		Type corev1.NodeConditionType `json:"type"`
		At   metav1.Time              `json:"lastHeartbeatTime"`
	}
	var conditions []condition
	for _, of := range []corev1.NodeConditionType{corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure, corev1.NodeReady} {
		conditions = append(conditions, condition{of, metav1.NewTime(now)})
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": conditions}})
	if err != nil {
		return err
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	return e.client.Status().Patch(ctx, node, client.RawPatch(types.StrategicMergePatchType, patch))
}
