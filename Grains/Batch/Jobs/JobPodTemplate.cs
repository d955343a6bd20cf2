using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>The bodies of a Job's pods.</summary>
internal static class JobPodTemplate
{
    private const string IndexVariable = "JOB_COMPLETION_INDEX";

    public static V1Pod Create(V1Job job, NewJobPod pod, ChildNames names, int number)
    {
        var (template, metadata) = (job.Spec.Template, job.Spec.Template.Metadata);
        var body = new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Name = names.Name(number),
                GenerateName = names.Prefix,
                NamespaceProperty = job.Metadata.NamespaceProperty,
                Labels = metadata?.Labels,
                Annotations = metadata?.Annotations,
                Finalizers = [.. (metadata?.Finalizers ?? []).Union([JobTracking.Finalizer])],
                OwnerReferences = [job.ControllerReference()],
            },
            Spec = template.Spec,
        };
        if (pod.Index != JobPod.NoIndex)
        {
            AddIndex(body, job, pod);
        }

        return body;
    }

    private static void AddIndex(V1Pod body, V1Job job, NewJobPod pod)
    {
        var index = pod.Index.ToString(CultureInfo.InvariantCulture);
        var annotations = With(body.Metadata.Annotations, JobPod.IndexKey, index);
        if (job.Spec.BackoffLimitPerIndex is not null)
        {
            AddFailures(annotations, job, pod.Replaced);
        }

        body.Metadata.Annotations = annotations;
        body.Metadata.Labels = With(body.Metadata.Labels, JobPod.IndexKey, index);
        body.Spec = body.Spec with
        {
            Hostname = $"{job.Metadata.Name}-{index}",
            InitContainers = body.Spec.InitContainers?.Select(WithIndexVariable).ToList(),
            Containers = [.. body.Spec.Containers.Select(WithIndexVariable)],
        };
    }

    /// <summary>The replacement counts the failure of the pod that it replaces.</summary>
    private static void AddFailures(Dictionary<string, string> annotations, V1Job job, JobPod? replaced)
    {
        var (counted, ignored) = (replaced?.FailureCount ?? 0, replaced?.IgnoredFailureCount ?? 0);
        if (replaced is not null)
        {
            _ = PodFailurePolicy.Of(job.Spec.PodFailurePolicy, replaced.Model).Counts ? counted++ : ignored++;
        }

        annotations[JobPod.FailureCountKey] = counted.ToString(CultureInfo.InvariantCulture);
        if (ignored > 0)
        {
            annotations[JobPod.IgnoredFailureCountKey] = ignored.ToString(CultureInfo.InvariantCulture);
        }
    }

    private static V1Container WithIndexVariable(V1Container container) =>
        container.Env?.Any(e => e.Name == IndexVariable) == true ? container : container with
        {
            Env =
            [
                .. container.Env ?? [],
                new V1EnvVar
                {
                    Name = IndexVariable,
                    ValueFrom = new V1EnvVarSource
                    {
                        FieldRef = new V1ObjectFieldSelector { FieldPath = $"metadata.labels['{JobPod.IndexKey}']" },
                    },
                },
            ],
        };

    private static Dictionary<string, string> With(IDictionary<string, string>? pairs, string key, string value) =>
        new(pairs ?? new Dictionary<string, string>(), StringComparer.Ordinal) { [key] = value };
}
