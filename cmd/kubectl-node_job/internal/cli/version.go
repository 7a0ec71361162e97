package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/internal/version"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
)

// operatorSelector selects the operator's Deployments, however they were installed.
const operatorSelector = "app.kubernetes.io/name=daemonset-job,control-plane=controller-manager"

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the versions of the plugin and of the operator",
		Long: `Show the versions of the plugin and of the operator, which is read off its Deployment.
Where they differ, the plugin may explain what the operator does otherwise.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			if err := a.print("plugin: %s", version.Line("kubectl-node_job")); err != nil {
				return err
			}
			client, err := a.client()
			if err != nil {
				return err
			}
			return a.operatorVersions(ctx, client)
		},
	}
}

func (a *app) operatorVersions(ctx context.Context, client *fleet.Client) error {
	list, err := client.Core.AppsV1().Deployments(metav1.NamespaceAll).List(ctx, metav1.ListOptions{LabelSelector: operatorSelector})
	switch {
	case apierrors.IsForbidden(err):
		return a.print("operator: unknown, you may not list deployments.apps of all namespaces")
	case err != nil:
		return err
	case len(list.Items) == 0:
		return a.print("operator: no Deployment has the labels %s", operatorSelector)
	}
	for i := range list.Items {
		deployment := &list.Items[i]
		found := operatorVersion(deployment)
		if err := a.print("operator: %s in %s/%s", found, deployment.Namespace, deployment.Name); err != nil {
			return err
		}
		if found != unknownVersion && found != version.Version {
			a.say("Warning: the plugin is %s, and the operator in %s is %s: the plugin may explain what the operator does otherwise", version.Version, deployment.Namespace, found)
		}
	}
	return nil
}

const unknownVersion = "unknown version"

// operatorVersion returns the release that a Deployment runs: by the tag of its image, or as OLM,
// which installs images by their digest, names it.
func operatorVersion(deployment *appsv1.Deployment) string {
	containers := deployment.Spec.Template.Spec.Containers
	if i := slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == "manager" }); i >= 0 {
		image, _, _ := strings.Cut(containers[i].Image, "@")
		name := image[strings.LastIndexByte(image, '/')+1:]
		if _, tag, found := strings.Cut(name, ":"); found {
			return tag
		}
	}
	if _, release, found := strings.Cut(deployment.Labels["olm.owner"], "."); found {
		return release
	}
	return unknownVersion
}
