using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Autoscaling.HorizontalPodAutoscalers;

/// <summary>What is said of the numbers and metrics of an autoscaler, and in which order.</summary>
public sealed class MetricRulesTests
{
    private const string Target =
        "\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"d\"}";

    [Fact]
    public void A_bound_that_is_not_given_is_required() => Assert.Equal(
        [
            "spec.maxReplicas: Required value: must be set and greater than 0",
            "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
        ],
        Findings($$"""{{{Target}}}"""));

    [Fact]
    public void A_bound_below_zero_is_wrong() => Assert.Equal(
        [
            "spec.maxReplicas: Invalid value: -1: must be greater than or equal to 1",
            "spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`",
        ],
        Findings($$"""{{{Target}},"maxReplicas":-1}"""));

    [Theory]
    [InlineData(
        """{"type":"AverageValue","averageValue":"0"}""",
        "averageValue: Invalid value: \"0\": must be positive")]
    [InlineData(
        """{"type":"AverageValue"}""",
        "averageValue: Required value: must specify a positive target averageValue")]
    public void An_average_that_is_there_is_not_required_too(string target, string finding) => Assert.Equal(
        [$"spec.metrics[0].pods.target.{finding}"],
        Metric($$$"""{"type":"Pods","pods":{"metric":{"name":"m"},"target":{{{target}}}}}"""));

    [Fact]
    public void Values_are_judged_before_shares() => Assert.Equal(
        [
            "spec.metrics[0].resource.target.averageValue: Invalid value: \"0\": must be positive",
            "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
            "spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw value and a " +
                "target utilization",
        ],
        Metric(
            """
            {"type":"Resource","resource":{"name":"cpu",
            "target":{"type":"Utilization","averageUtilization":0,"averageValue":"0"}}}
            """));

    [Fact]
    public void What_is_measured_of_a_container_is_a_resource_of_containers() => Assert.Equal(
        [
            "spec.metrics[0].containerResource.name: Invalid value: \"pods\": must be a standard resource for " +
                "containers",
        ],
        Metric(
            """
            {"type":"ContainerResource","containerResource":{"name":"pods","container":"c",
            "target":{"type":"Utilization","averageUtilization":1}}}
            """));

    private static IReadOnlyList<string> Metric(string metric) =>
        Findings($$"""{{{Target}},"maxReplicas":3,"metrics":[{{metric}}]}""");

    private static IReadOnlyList<string> Findings(string spec) =>
        StrategyProbe.Create("HorizontalPodAutoscaler", $$"""{"spec":{{spec}}}""");
}
