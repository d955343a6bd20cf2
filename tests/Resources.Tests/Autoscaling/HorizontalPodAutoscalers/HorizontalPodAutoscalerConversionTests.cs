using System.Text;
using k8s.Models;
using OrleansOrchestrator.Resources.Autoscaling.HorizontalPodAutoscalers;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Autoscaling.HorizontalPodAutoscalers;

/// <summary>What version 1 has no fields for comes and goes in annotations.</summary>
public sealed class HorizontalPodAutoscalerConversionTests
{
    private const string Prefix = "autoscaling.alpha.kubernetes.io/";

    [Theory]
    [InlineData(
        """{"type":"Pods","pods":{"metric":{"name":"rps"},"target":{"type":"AverageValue","averageValue":"5"}}}""",
        """[{"type":"Pods","pods":{"metricName":"rps","targetAverageValue":"5"}}]""")]
    [InlineData(
        """{"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1Gi"}}}""",
        """[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}}]""")]
    [InlineData(
        """
        {"type":"External","external":{"metric":{"name":"q","selector":{"matchLabels":{"a":"b"}}},
        "target":{"type":"Value","value":"3"}}}
        """,
        """
        [{"type":"External","external":{"metricName":"q","metricSelector":{"matchLabels":{"a":"b"}},"targetValue":"3"}}]
        """)]
    [InlineData(
        """
        {"type":"Object","object":{"describedObject":{"kind":"Service","name":"s"},"metric":{"name":"m"},
        "target":{"type":"AverageValue","averageValue":"2"}}}
        """,
        """
        [{"type":"Object","object":{"target":{"kind":"Service","name":"s"},"metricName":"m","targetValue":"0",
        "averageValue":"2"}}]
        """)]
    [InlineData(
        """
        {"type":"ContainerResource","containerResource":{"name":"cpu","container":"c",
        "target":{"type":"Utilization","averageUtilization":60}}}
        """,
        """
        [{"type":"ContainerResource","containerResource":{"name":"cpu","targetAverageUtilization":60,"container":"c"}}]
        """)]
    public void Metrics_other_than_cpu_are_an_annotation(string metric, string annotation)
    {
        var item = Autoscaler(metric);

        var v1 = HorizontalPodAutoscalerConversion.FromV2(item);

        Assert.Equal(annotation.ReplaceLineEndings(""), v1.Metadata.Annotations[Prefix + "metrics"]);
        Assert.Null(v1.Spec.TargetCPUUtilizationPercentage);
        if (!metric.Contains("Object", StringComparison.Ordinal))
        {
            Assert.Equal(
                Text(item.Spec.Metrics.Single()),
                Text(HorizontalPodAutoscalerConversion.ToV2(v1).Spec.Metrics.Single()));
        }
    }

    [Fact]
    public void The_share_of_cpu_is_a_field()
    {
        var v1 = HorizontalPodAutoscalerConversion.FromV2(Autoscaler(
            """
            {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":44}}}
            """));

        Assert.Equal(44, v1.Spec.TargetCPUUtilizationPercentage);
        Assert.Null(v1.Metadata.Annotations);
    }

    /// <summary>Upstream looks no further than the first metric about cpu.</summary>
    [Fact]
    public void The_first_that_is_about_cpu_decides() => Assert.Null(
        HorizontalPodAutoscalerConversion.FromV2(Autoscaler(
            """{"type":"Resource","resource":{"name":"cpu","target":{"type":"AverageValue","averageValue":"1"}}}""",
            """
            {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":44}}}
            """)).Spec.TargetCPUUtilizationPercentage);

    [Fact]
    public void What_is_measured_is_field_and_annotation()
    {
        var item = Autoscaler();
        item.Status = Parse<V2HorizontalPodAutoscalerStatus>(
            """
            {"currentReplicas":1,"desiredReplicas":2,
            "currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":44}}}]}
            """);

        var v1 = HorizontalPodAutoscalerConversion.FromV2(item);

        Assert.Equal(44, v1.Status.CurrentCPUUtilizationPercentage);
        Assert.Equal(
            """
            [{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":44,"currentAverageValue":"0"}}]
            """,
            v1.Metadata.Annotations[Prefix + "current-metrics"]);
    }

    [Fact]
    public void Behavior_survives_the_way_there_and_back()
    {
        var item = Autoscaler();
        item.Spec.Behavior = Parse<V2HorizontalPodAutoscalerBehavior>(
            """
            {"scaleUp":{"stabilizationWindowSeconds":7,"selectPolicy":"Min",
            "policies":[{"type":"Pods","value":3,"periodSeconds":9}]}}
            """);

        var v1 = HorizontalPodAutoscalerConversion.FromV2(item);

        Assert.StartsWith(
            """{"ScaleUp":{"StabilizationWindowSeconds":7,"SelectPolicy":"Min","Policies":[{"Type":"Pods","Value":3,""",
            v1.Metadata.Annotations[Prefix + "behavior"],
            StringComparison.Ordinal);
        Assert.Equal(Text(item.Spec.Behavior), Text(HorizontalPodAutoscalerConversion.ToV2(v1).Spec.Behavior));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("[1]")]
    public void An_annotation_that_nobody_can_read_says_nothing(string text)
    {
        var v1 = new V1HorizontalPodAutoscaler
        {
            Metadata = new V1ObjectMeta
            {
                Annotations = new Dictionary<string, string> { [Prefix + "metrics"] = text, ["mine"] = "kept" },
            },
            Spec = new V1HorizontalPodAutoscalerSpec { MaxReplicas = 3 },
        };

        var item = HorizontalPodAutoscalerConversion.ToV2(v1);

        Assert.Equal(80, item.Spec.Metrics.Single().Resource.Target.AverageUtilization);
        Assert.Equal(["mine"], item.Metadata.Annotations.Keys);
    }

    [Fact]
    public void A_behavior_that_says_nothing_is_none()
    {
        var v1 = new V1HorizontalPodAutoscaler
        {
            Metadata = new V1ObjectMeta
            {
                Annotations = new Dictionary<string, string> { [Prefix + "behavior"] = "{}" },
            },
            Spec = new V1HorizontalPodAutoscalerSpec { MaxReplicas = 3 },
        };

        Assert.Null(HorizontalPodAutoscalerConversion.ToV2(v1).Spec.Behavior);
    }

    private static V2HorizontalPodAutoscaler Autoscaler(params string[] metrics) => new()
    {
        Metadata = new V1ObjectMeta { Name = "a" },
        Spec = new V2HorizontalPodAutoscalerSpec
        {
            ScaleTargetRef = new V2CrossVersionObjectReference { Kind = "Deployment", Name = "d" },
            MaxReplicas = 3,
            Metrics = [.. metrics.Select(Parse<V2MetricSpec>)],
        },
    };

    private static T Parse<T>(string json)
        where T : class => ResourceCodec.Decode<T>(Encoding.UTF8.GetBytes(json));

    private static string Text<T>(T item)
        where T : class => Encoding.UTF8.GetString(ResourceCodec.Encode(item));
}
