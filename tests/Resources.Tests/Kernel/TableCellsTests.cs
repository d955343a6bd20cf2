using OrleansOrchestrator.Resources.Autoscaling.Scales;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

/// <summary>Cells of objects that lack something.</summary>
public sealed class TableCellsTests
{
    private const string Metric =
        """
        {"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},"maxReplicas":1,"metrics":[{"type":"Resource",
        "resource":{"name":"cpu","target":{"type":"AverageValue","averageValue":"1"}}}]},"status":{"currentMetrics":
        """;

    /// <summary>Of conditions that are there twice, the first counts for a Job, the last for a Node.</summary>
    private const string Twice =
        """
        {"conditions":[{"type":"Complete","status":"False"},{"type":"Complete","status":"True"},
        {"type":"Ready","status":"False"},{"type":"Ready","status":"True"}]}
        """;

    private const string Ports = "\"ports\":[{\"port\":80}]";

    private static readonly DateTimeOffset Now = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("Endpoints", "{}", 1, "<none>")]
    [InlineData("Endpoints", "{\"subsets\":[{\"notReadyAddresses\":[{\"ip\":\"10.0.0.1\"}]," + Ports + "}]}", 1, "")]
    [InlineData(
        "Endpoints",
        "{\"subsets\":[{\"addresses\":[{\"ip\":\"1.1.1.1\"},{\"ip\":\"1.1.1.2\"},{\"ip\":\"1.1.1.3\"}," +
        "{\"ip\":\"1.1.1.4\"}]," + Ports + "}]}",
        1,
        "1.1.1.1:80,1.1.1.2:80,1.1.1.3:80 + 1 more...")]
    [InlineData("PersistentVolumeClaim", """{"spec":{"volumeAttributesClassName":""}}""", 6, "")]
    [InlineData("PersistentVolumeClaim", "{}", 6, "<unset>")]
    [InlineData("PersistentVolume", """{"spec":{"volumeAttributesClassName":""}}""", 7, "")]
    [InlineData("PersistentVolume", "{}", 7, "<unset>")]
    [InlineData("Node", "{}", 8, "<unknown>")]
    [InlineData("Node", "{\"status\":" + Twice + "}", 1, "Ready")]
    [InlineData(
        "Job",
        """{"spec":{"selector":{},"template":{"metadata":{},"spec":{"containers":[]}}},"status":""" + Twice + "}",
        1,
        "Running")]
    [InlineData("Node", """{"status":{"nodeInfo":{"kernelVersion":"6.8.0"}}}""", 8, "6.8.0")]
    [InlineData(
        "Node", """{"status":{"nodeInfo":{"kernelVersion":"6.8.0","architecture":"arm64"}}}""", 8, "6.8.0 (arm64)")]
    [InlineData("VolumeAttributesClass", """{"driverName":"d"}""", 0, "a")]
    [InlineData(
        "VolumeAttributesClass",
        """
        {"metadata":{"name":"a",
        "annotations":{"volumeattributesclass.alpha.kubernetes.io/is-default-class":"true"}},"driverName":"d"}
        """,
        0,
        "a (default)")]
    [InlineData("IngressClass", """{"metadata":{"name":"a"},"spec":{"controller":"c/d"}}""", 0, "a")]
    [InlineData(
        "IngressClass",
        """
        {"metadata":{"name":"a","annotations":{"ingressclass.kubernetes.io/is-default-class":"true"}},
        "spec":{"controller":"c/d"}}
        """,
        0,
        "a (default)")]
    [InlineData("HorizontalPodAutoscaler", Metric + "[]}}", 2, "cpu: <unknown>/1")]
    [InlineData(
        "HorizontalPodAutoscaler",
        Metric + """[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":5}}}]}}""",
        2,
        "cpu: <nil>/1")]
    public void SayWhatIsMissing(string kind, string json, int column, string text)
    {
        var strategy = BuiltInResources.Table.All.Single(d => d.Kind == kind && d.Conversion is null).Strategy;
        Assert.Equal(text, strategy.Cells(StrategyProbe.Read(kind, json), Now)[column]);
    }

    [Fact]
    public void AScaleHasColumnsOfItsOwn()
    {
        var strategy = ScaleStrategy.Definition.Strategy;
        Assert.Equal(
            [("Name", "string", ""), ("Desired", "integer", ""), ("Available", "integer", ""), ("Age", "string", "")],
            strategy.Columns.Select(c => (c.Name, c.Type, c.Format)));
    }
}
