using k8s.Models;
using OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>What one metric of an autoscaler asks for.</summary>
/// <param name="Replicas">How many.</param>
/// <param name="Name">The metric, as reasons name it.</param>
/// <param name="Status">What is shown of it.</param>
internal sealed record MetricProposal(int Replicas, string Name, V2MetricStatus Status)
{
    /// <summary>Why it asks for nothing; null when it does.</summary>
    public MetricFailure? Failure { get; init; }

    public static MetricProposal Fail(string reason, string message, string wrapped) =>
        new(0, "", new V2MetricStatus { Type = "" }) { Failure = new MetricFailure(reason, message, wrapped) };
}

/// <summary>Why a metric asks for nothing.</summary>
/// <param name="Reason">Of the condition and of the event.</param>
/// <param name="Message">Of the event, and at the end of the condition's.</param>
/// <param name="Wrapped">As the whole computation says it.</param>
internal sealed record MetricFailure(string Reason, string Message, string Wrapped);

/// <summary>Computes the metrics of one autoscaler, each by itself, in upstream's words.</summary>
internal sealed class MetricComputation(AutoscalerObserved observed, DateTimeOffset now)
{
    private readonly TargetScale _scale = observed.Scale!;
    private readonly string _home = observed.Autoscaler.Metadata.NamespaceProperty;
    private readonly V1Pod[] _pods = [.. observed.Pods.Select(static p => p.Pod)];
    private readonly Tolerances _tolerances = new(
        ToleranceOf(observed.Autoscaler.Spec.Behavior?.ScaleDown),
        ToleranceOf(observed.Autoscaler.Spec.Behavior?.ScaleUp));

    public MetricProposal Compute(V2MetricSpec spec) => spec.Type switch
    {
        "Resource" when spec.Resource is { } r => OfResource(
            new ResourceSpec(r.Name, "", r.Target, "FailedGetResourceMetric",
                $"failed to get {r.Name} resource metric value"),
            current => new V2MetricStatus
            {
                Type = spec.Type, Resource = new V2ResourceMetricStatus { Name = r.Name, Current = current },
            }),
        "ContainerResource" when spec.ContainerResource is { } c => OfResource(
            new ResourceSpec(
                c.Name, c.Container, c.Target, "FailedGetContainerResourceMetric",
                $"failed to get {c.Container} container metric value"),
            current => new V2MetricStatus
            {
                Type = spec.Type,
                ContainerResource = new V2ContainerResourceMetricStatus
                {
                    Name = c.Name, Container = c.Container, Current = current,
                },
            }),
        "Pods" when spec.Pods is { } p => OfPods(p),
        "Object" when spec.ObjectProperty is { } o => OfObject(o),
        "External" when spec.External is { } e => OfExternal(e),
        _ => Unknown($"unknown metric source type {GoText.Quote(spec.Type ?? "")}"),
    };

    private static MetricProposal Unknown(string why) => MetricProposal.Fail("InvalidMetricSourceType", why, why);

    /// <summary>Upstream's <c>--horizontal-pod-autoscaler-tolerance</c> where the autoscaler says none.</summary>
    private static double ToleranceOf(V2HPAScalingRules? rules) =>
        rules?.Tolerance is { } own ? (double)own.ToDecimal() : 0.1;

    private MetricProposal OfResource(ResourceSpec spec, Func<V2MetricValueStatus, V2MetricStatus> status)
    {
        var isAverage = spec.Target.AverageValue is not null;
        if (!isAverage && spec.Target.AverageUtilization is null)
        {
            const string neither = "invalid resource metric source: neither an average utilization target nor an "
                + "average value (usage) target was set";
            return MetricProposal.Fail(spec.Reason, neither, $"{spec.Wrapping}: {neither}");
        }

        var target = new ResourceTarget(
            spec.Resource, spec.Container,
            isAverage ? Milli(spec.Target.AverageValue) : spec.Target.AverageUtilization!.Value);
        var (figures, failure) = Figures(target);
        var proposal = failure is not null
            ? Proposal.Fail($"unable to get metrics for resource {spec.Resource}: {failure}")
            : isAverage
                ? ReplicaCalculator.ByAverage(_pods, figures, target, _scale.Replicas, _tolerances, now)
                : ReplicaCalculator.ByUtilization(_pods, figures, target, _scale.Replicas, _tolerances, now);
        if (proposal.Failure is { } why)
        {
            var message = $"failed to get {spec.Resource} {(isAverage ? "usage" : "utilization")}: {why}";
            return MetricProposal.Fail(spec.Reason, message, $"{spec.Wrapping}: {message}");
        }

        var what = spec.Container.Length > 0 ? "container resource" : "resource";
        return new MetricProposal(
            proposal.Replicas,
            isAverage ? $"{spec.Resource} resource" : $"{spec.Resource} {what} utilization (percentage of request)",
            status(new V2MetricValueStatus
            {
                AverageUtilization = isAverage ? null : proposal.Percent,
                AverageValue = spec.Resource == "memory" ? Bytes(proposal.Average) : Amount(proposal.Average),
            }));
    }

    /// <summary>What the target's pods use of a resource, or why nobody can say.</summary>
    private (IReadOnlyDictionary<string, PodFigure> Figures, string? Failure) Figures(ResourceTarget target)
    {
        var figures = new Dictionary<string, PodFigure>(StringComparer.Ordinal);
        if (!observed.HasResourceMetrics)
        {
            return (figures, "unable to fetch metrics from resource metrics API: the server could not find the "
                + "requested resource (get pods.metrics.k8s.io)");
        }

        if (observed.Pods.All(static p => p.Usage is null))
        {
            return (figures, "no metrics returned from resource metrics API");
        }

        foreach (var (pod, usage) in observed.Pods)
        {
            if (usage is null)
            {
                continue;
            }

            var counted = target.Container.Length == 0
                ? usage.Containers
                : [.. usage.Containers.Where(c => c.Name == target.Container)];
            if (target.Container.Length > 0 && counted.Count == 0)
            {
                return (figures, $"failed to get container metrics: container {target.Container} not present in "
                    + $"metrics for pod {_home}/{pod.Metadata.Name}");
            }

            if (counted.Count > 0 && SumOf(counted, target.Resource) is { } sum)
            {
                figures[pod.Metadata.Name] = new PodFigure(sum, usage.Time, usage.Window);
            }
        }

        return (figures, null);
    }

    /// <summary>Null for a resource that is not measured: a pod of such figures is one without any.</summary>
    private static long? SumOf(IEnumerable<ContainerUsage> containers, string resource) => resource switch
    {
        // Upstream rounds the billionths of a core up to thousandths.
        "cpu" => containers.Sum(static c => (c.Usage.CpuNanocores + 999_999) / 1_000_000),
        "memory" => containers.Sum(static c => c.Usage.MemoryBytes * 1000),
        _ => null,
    };

    private MetricProposal OfPods(V2PodsMetricSource spec)
    {
        const string wrapping = "failed to get pods metric value";
        var answer = observed.Custom.OfPods(_home, spec.Metric, _scale.Selector);
        var figures = (answer.Value ?? new Dictionary<string, long>()).ToDictionary(
            static f => f.Key, f => new PodFigure(f.Value, now, TimeSpan.Zero), StringComparer.Ordinal);
        var proposal = answer.Failure is { } why
            ? Proposal.Fail($"unable to get metric {spec.Metric.Name}: {why}")
            : ReplicaCalculator.ByAverage(
                _pods, figures, new ResourceTarget("", "", Milli(spec.Target.AverageValue)), _scale.Replicas,
                _tolerances, now);
        return proposal.Failure is { } failure
            ? MetricProposal.Fail("FailedGetPodsMetric", failure, $"{wrapping}: {failure}")
            : new MetricProposal(
                proposal.Replicas, $"pods metric {spec.Metric.Name}",
                new V2MetricStatus
                {
                    Type = "Pods",
                    Pods = new V2PodsMetricStatus
                    {
                        Metric = spec.Metric,
                        Current = new V2MetricValueStatus { AverageValue = Amount(proposal.Average) },
                    },
                });
    }

    private MetricProposal OfObject(V2ObjectMetricSource spec)
    {
        const string reason = "FailedGetObjectMetric";
        const string wrapping = "failed to get object metric value";
        var isValue = spec.Target.Type == "Value";
        if (!isValue && spec.Target.Type != "AverageValue")
        {
            const string neither =
                "invalid object metric source: neither a value target nor an average value target was set";
            return MetricProposal.Fail(reason, neither, $"{wrapping}: {neither}");
        }

        var of = spec.DescribedObject;
        var answer = observed.Custom.OfObject(_home, spec.Metric, of);

        // Upstream's arguments are in this order.
        var failure = answer.Failure is { } why
            ? $"unable to get metric {spec.Metric.Name}: {of.Kind} on {_home} {of.Name}/{why}"
            : null;
        var (proposal, current) = Total(answer.Value, isValue, spec.Target, failure);
        if (proposal.Failure is { } message)
        {
            var outer = isValue ? message : $"failed to get {spec.Metric.Name} object metric: {message}";
            return MetricProposal.Fail(reason, message, $"{wrapping}: {outer}");
        }

        return new MetricProposal(
            proposal.Replicas,
            isValue
                ? $"{of.Kind} metric {spec.Metric.Name}"
                : $"external metric {spec.Metric.Name}({SelectorText.Of(spec.Metric.Selector)})",
            new V2MetricStatus
            {
                Type = "Object",
                ObjectProperty = new V2ObjectMetricStatus
                {
                    DescribedObject = of, Metric = spec.Metric, Current = current,
                },
            });
    }

    private MetricProposal OfExternal(V2ExternalMetricSource spec)
    {
        const string reason = "FailedGetExternalMetric";
        var name = spec.Metric.Name;
        var wrapping = $"failed to get {name} external metric value";
        var isValue = spec.Target.AverageValue is null;
        if (isValue && spec.Target.Value is null)
        {
            const string neither =
                "invalid external metric source: neither a value target nor an average value target was set";
            return MetricProposal.Fail(reason, neither, $"{wrapping}: {neither}");
        }

        var answer = observed.Custom.External(_home, spec.Metric);
        var selector = SelectorText.Of(spec.Metric.Selector);
        var failure = answer.Failure is { } why
            ? $"unable to get external metric {_home}/{name}/{selector}: {why}"
            : null;
        var (proposal, current) = Total(answer.Value, isValue, spec.Target, failure);
        if (proposal.Failure is { } message)
        {
            var outer = isValue
                ? $"failed to get external metric {name}: {message}"
                : $"failed to get {name} external metric: {message}";
            return MetricProposal.Fail(reason, message, $"{wrapping}: {outer}");
        }

        return new MetricProposal(
            proposal.Replicas, $"external metric {name}({selector})",
            new V2MetricStatus
            {
                Type = "External", External = new V2ExternalMetricStatus { Metric = spec.Metric, Current = current },
            });
    }

    private (Proposal Proposal, V2MetricValueStatus Current) Total(
        long figure, bool isValue, V2MetricTarget target, string? failure)
    {
        var proposal = failure is not null ? Proposal.Fail(failure)
            : isValue ? ReplicaCalculator.ByTotal(_pods, figure, Milli(target.Value), _scale.Replicas, _tolerances)
            : ReplicaCalculator.ByShare(figure, Milli(target.AverageValue), _scale.Actual, _tolerances);
        var amount = Amount(proposal.Average);
        return (proposal, isValue
            ? new V2MetricValueStatus { Value = amount }
            : new V2MetricValueStatus { AverageValue = amount });
    }

    private static long Milli(ResourceQuantity? amount) => Quantity.Of(amount).MilliValue;

    private static ResourceQuantity Amount(long milli) => Quantity.Milli(milli, QuantityFormat.DecimalSI).ToModel();

    /// <summary>
    /// Memory is shown in whole bytes and powers of two since 1.34 (kubernetes/kubernetes#132351, "HPA status now
    /// displays memory metrics using Ki").
    /// </summary>
    private static ResourceQuantity Bytes(long milli) =>
        Quantity.Whole(milli / 1000, QuantityFormat.BinarySI).ToModel();

    private sealed record ResourceSpec(
        string Resource, string Container, V2MetricTarget Target, string Reason, string Wrapping);
}
