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
        var proposal = Compute(OfPods("cpu", new V2MetricTarget { AverageUtilization = 25 }));
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
            ": failed to get container metrics: container gone not present in metrics for pod default/p0",
            proposal.Failure.Message, StringComparison.Ordinal);
        Assert.StartsWith(
            "failed to get gone container metric value: ", proposal.Failure.Wrapped, StringComparison.Ordinal);
    }

    /// <summary>The pod without figures is missed: with figures of nothing the average would be half of it.</summary>
    [Fact]
    public void Figures_of_no_containers_are_none_of_their_pod()
    {
        var proposal = Compute(OfPods("cpu", new V2MetricTarget { AverageUtilization = 25 }), Unknown());
        Assert.Equal((2, 50), (proposal.Replicas, proposal.Status.Resource.Current.AverageUtilization));

        proposal = Compute(OfContainer("busy", new V2MetricTarget { AverageUtilization = 25 }), Unknown());
        Assert.EndsWith(
            ": failed to get container metrics: container busy not present in metrics for pod default/p1",
            proposal.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_resource_that_nobody_measures_has_no_figures()
    {
        var target = new V2MetricTarget { AverageValue = new ResourceQuantity("1Gi") };
        Assert.Equal(
            "failed to get ephemeral-storage usage: did not receive metrics for targeted pods (pods might be unready)",
            Compute(OfPods("ephemeral-storage", target)).Failure!.Message);
    }

    /// <summary>The average is of half a byte more.</summary>
    [Fact]
    public void Memory_is_shown_in_whole_bytes_and_powers_of_two()
    {
        var target = new V2MetricTarget { AverageValue = new ResourceQuantity("2Mi") };
        Assert.Equal("2Mi", Compute(OfPods("memory", target)).Status.Resource.Current.AverageValue.ToString());
    }

    [Theory]
    [InlineData("Value")]
    [InlineData("AverageValue")]
    public void The_status_of_an_object_metric_says_of_which_object(string type)
    {
        var target = new V2MetricTarget { Type = type };
        (target.Value, target.AverageValue) = (new ResourceQuantity("5"), new ResourceQuantity("5"));
        var proposal = Compute(new V2MetricSpec
        {
            Type = "Object",
            ObjectProperty = new V2ObjectMetricSource
            {
                DescribedObject = new V2CrossVersionObjectReference { ApiVersion = "v1", Kind = "Service", Name = "a" },
                Metric = new V2MetricIdentifier { Name = "hits" },
                Target = target,
            },
        });
        var of = proposal.Status.ObjectProperty.DescribedObject;
        Assert.Equal(("v1", "Service", "a"), (of.ApiVersion, of.Kind, of.Name));
    }

    /// <summary>The figure is larger than its target by four parts in ten thousand.</summary>
    [Theory]
    [InlineData("500u", 2)]
    [InlineData("300u", 3)]
    [InlineData("1m", 2)]
    [InlineData("0", 3)]
    public void A_tolerance_may_be_finer_than_a_thousandth(string tolerance, int expected)
    {
        var spec = new V2MetricSpec
        {
            Type = "Object",
            ObjectProperty = new V2ObjectMetricSource
            {
                DescribedObject = new V2CrossVersionObjectReference { ApiVersion = "v1", Kind = "Service", Name = "a" },
                Metric = new V2MetricIdentifier { Name = "hits" },
                Target = new V2MetricTarget { Type = "Value", Value = new ResourceQuantity("4998m") },
            },
        };
        Assert.Equal(expected, Compute(spec, tolerance: tolerance).Replicas);
    }

    private static MetricProposal Compute(
        V2MetricSpec spec, MeasuredPod? last = null, string? tolerance = null) => new MetricComputation(
        new AutoscalerObserved
        {
            Autoscaler = new V2HorizontalPodAutoscaler
            {
                Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
                Spec = new V2HorizontalPodAutoscalerSpec
                {
                    MinReplicas = 1,
                    MaxReplicas = 10,
                    Metrics = [spec],
                    Behavior = tolerance is null ? null : new V2HorizontalPodAutoscalerBehavior
                    {
                        ScaleUp = new V2HPAScalingRules { Tolerance = new ResourceQuantity(tolerance) },
                    },
                },
            },
            Scale = new TargetScale(Pods, Pods, "app=web"),
            Pods = [Measured(0), last ?? Measured(1)],
            HasResourceMetrics = true,
            Custom = new FixedMetrics(5000),
        },
        Now).Compute(spec);

    private static V2MetricSpec OfPods(string resource, V2MetricTarget target) => new()
    {
        Type = "Resource", Resource = new V2ResourceMetricSource { Name = resource, Target = target },
    };

    private static V2MetricSpec OfContainer(string container, V2MetricTarget target) => new()
    {
        Type = "ContainerResource",
        ContainerResource = new V2ContainerResourceMetricSource
        {
            Name = "cpu", Container = container, Target = target,
        },
    };

    /// <summary>The second pod, with figures that name none of its containers.</summary>
    private static MeasuredPod Unknown() => Measured(1) with
    {
        Usage = new PodUsage(Now, TimeSpan.FromSeconds(15), []),
    };

    /// <summary>The second one's calm container uses a byte more.</summary>
    private static MeasuredPod Measured(int number) => new(
        new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = $"p{number}", NamespaceProperty = "default" },
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
        new PodUsage(Now, TimeSpan.FromSeconds(15), [Usage("busy", 90), Usage("calm", 10, number)]));

    private static V1Container Container(string name) => new()
    {
        Name = name,
        Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("100m") },
        },
    };

    private static ContainerUsage Usage(string container, long milliCpu, long moreBytes = 0) =>
        new(container, new ResourceUsage(milliCpu * 1_000_000, (1 << 20) + moreBytes));
}
