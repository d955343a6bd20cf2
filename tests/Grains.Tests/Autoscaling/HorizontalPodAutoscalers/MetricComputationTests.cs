using k8s.Models;
using OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;
using OrleansOrchestrator.Interfaces.Metrics;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Autoscaling.HorizontalPodAutoscalers;

/// <summary>Two pods, each with a busy container and a calm one beside it.</summary>
public sealed class MetricComputationTests
{
    private const int Pods = 2;

    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>Each asks for 100m; the busy one uses 90m, the calm one 10m.</summary>
    [Theory]
    [InlineData("busy", 4, 90)]
    [InlineData("calm", 1, 10)]
    public void A_container_is_measured_alone(string container, int expected, int percent)
    {
        var proposal = Compute(OfContainer(container, new V2MetricTarget { AverageUtilization = 45 }));
        Assert.Equal(expected, proposal.Replicas);
        Assert.Equal("cpu container resource utilization (percentage of request)", proposal.Name);
        var shown = proposal.Status.ContainerResource;
        Assert.Equal(("cpu", container), (shown.Name, shown.Container));
        Assert.Equal((percent, $"{percent}m"), (
            shown.Current.AverageUtilization, shown.Current.AverageValue.ToString()));
    }

    [Fact]
    public void Without_a_container_all_count()
    {
        var proposal = Compute(new V2MetricSpec
        {
            Type = "Resource",
            Resource = new V2ResourceMetricSource
            {
                Name = "cpu", Target = new V2MetricTarget { AverageUtilization = 25 },
            },
        });
        Assert.Equal((4, 50), (proposal.Replicas, proposal.Status.Resource.Current.AverageUtilization));
    }

    [Fact]
    public void An_amount_may_be_asked_for_instead()
    {
        var proposal = Compute(
            OfContainer("busy", new V2MetricTarget { AverageValue = new ResourceQuantity("60m") }));
        Assert.Equal((3, "cpu resource"), (proposal.Replicas, proposal.Name));
    }

    [Fact]
    public void A_container_that_is_not_there_is_said()
    {
        var proposal = Compute(OfContainer("gone", new V2MetricTarget { AverageUtilization = 50 }));
        Assert.Equal("FailedGetContainerResourceMetric", proposal.Failure!.Reason);
        Assert.EndsWith(
            "container gone not present in metrics for pod default/p0", proposal.Failure.Message,
            StringComparison.Ordinal);
        Assert.StartsWith(
            "failed to get gone container metric value: ", proposal.Failure.Wrapped, StringComparison.Ordinal);
    }

    private static MetricProposal Compute(V2MetricSpec spec) => new MetricComputation(
        new AutoscalerObserved
        {
            Autoscaler = new V2HorizontalPodAutoscaler
            {
                Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
                Spec = new V2HorizontalPodAutoscalerSpec { MinReplicas = 1, MaxReplicas = 10, Metrics = [spec] },
            },
            Scale = new TargetScale(Pods, Pods, "app=web"),
            Pods = [.. Enumerable.Range(0, Pods).Select(static i => Measured($"p{i}"))],
            HasResourceMetrics = true,
        },
        Now).Compute(spec);

    private static V2MetricSpec OfContainer(string container, V2MetricTarget target) => new()
    {
        Type = "ContainerResource",
        ContainerResource = new V2ContainerResourceMetricSource
        {
            Name = "cpu", Container = container, Target = target,
        },
    };

    private static MeasuredPod Measured(string name) => new(
        new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1PodSpec { Containers = [Container("busy"), Container("calm")] },
            Status = new V1PodStatus
            {
                Phase = "Running", StartTime = Now.UtcDateTime.AddHours(-1),
                Conditions =
                [
                    new V1PodCondition
                    {
                        Type = "Ready", Status = "True", LastTransitionTime = Now.UtcDateTime.AddHours(-1),
                    },
                ],
            },
        },
        new PodUsage(Now, TimeSpan.FromSeconds(15), [Usage("busy", 90), Usage("calm", 10)]));

    private static V1Container Container(string name) => new()
    {
        Name = name,
        Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("100m") },
        },
    };

    private static ContainerUsage Usage(string container, long milliCpu) =>
        new(container, new ResourceUsage(milliCpu * 1_000_000, 1 << 20));
}
