package cli

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// kindCronJob is the kind whose runs are Jobs.
const kindCronJob = "CronJob"

// readManifests returns the Jobs and CronJobs of files, as kubectl reads them. Other kinds may be
// there that the cluster does not have yet.
func (a *app) readManifests(o *planOptions) ([]*unstructured.Unstructured, error) {
	namespace, isExplicit, err := a.flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, err
	}
	builder := resource.NewBuilder(a.flags).Unstructured().Local()
	files := slices.Clone(o.files)
	if slices.Contains(files, "-") {
		builder = builder.Stream(a.In, "the standard input")
		files = slices.DeleteFunc(files, func(file string) bool { return file == "-" })
	}
	infos, err := builder.FilenameParam(false, &resource.FilenameOptions{Filenames: files, Recursive: o.recursive}).Flatten().Do().Infos()
	if err != nil {
		return nil, err
	}
	var manifests []*unstructured.Unstructured
	others := 0
	for _, info := range infos {
		object, isManifest := info.Object.(*unstructured.Unstructured)
		if !isManifest || object.GroupVersionKind().Group != v1beta1.GroupVersion.Group {
			others++
			continue
		}
		switch kind := object.GroupVersionKind(); {
		case kind.GroupVersion() != v1beta1.GroupVersion:
			return nil, fmt.Errorf("%s %q: the plugin does not know the version %s: write %s", kind.Kind, object.GetName(), kind.GroupVersion(), v1beta1.GroupVersion)
		case kind.Kind != "Job" && kind.Kind != kindCronJob:
			others++
			continue
		case object.GetNamespace() == "":
			object.SetNamespace(namespace)
		case isExplicit && object.GetNamespace() != namespace:
			return nil, fmt.Errorf("%s %q is in the namespace %q, and --namespace is %q: leave one of them out", kind.Kind, object.GetName(), object.GetNamespace(), namespace)
		}
		manifests = append(manifests, object)
	}
	if len(manifests) == 0 {
		return nil, fmt.Errorf("no Job or CronJob of %s is in the manifest", v1beta1.GroupVersion)
	}
	if others > 0 {
		a.say("Objects of other kinds, which are not planned: %d", others)
	}
	return manifests, nil
}
