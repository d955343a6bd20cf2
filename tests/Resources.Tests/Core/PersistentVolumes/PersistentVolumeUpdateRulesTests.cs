using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.PersistentVolumes;

public sealed class PersistentVolumeUpdateRulesTests
{
    [Fact]
    public void TheSourceIsShownWithWhatChanged()
    {
        var finding = Assert.Single(StrategyProbe.Update(
            "PersistentVolume", Volume("\"hostPath\":{\"path\":\"/a\"}"), Volume("\"hostPath\":{\"path\":\"/b\"}")));
        Assert.StartsWith(
            "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n" +
                "@@ -2,7 +2,7 @@\n",
            finding,
            StringComparison.Ordinal);
        Assert.Contains("-  \"Path\": \"/a\",\n+  \"Path\": \"/b\",\n", finding, StringComparison.Ordinal);
        Assert.DoesNotContain("AccessModes", finding, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "\"controllerExpandSecretRef\":{\"name\":\"s\",\"namespace\":\"n\"}", true)]
    [InlineData("\"controllerExpandSecretRef\":{\"name\":\"s\",\"namespace\":\"n\"}", "", false)]
    public void TheSecretForGrowingMayComeLater(string before, string after, bool isGood) => Assert.Equal(
        isGood, StrategyProbe.Update("PersistentVolume", Volume(Csi(before)), Volume(Csi(after))).Count == 0);

    [Theory]
    [InlineData("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone", true)]
    [InlineData("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/region", false)]
    public void LabelsGiveWayToTheirSuccessors(string before, string after, bool isGood) => Assert.Equal(
        isGood, StrategyProbe.Update("PersistentVolume", Volume(Near(before)), Volume(Near(after))).Count == 0);

    [Fact]
    public void WhatElseOfThePlaceMayChangeIsSaid() => Assert.EndsWith(
        ": field is immutable, except for updating from beta label to GA",
        Assert.Single(StrategyProbe.Update("PersistentVolume", Volume(Near("a")), Volume(Near("b")))),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("gold", "silver", null)]
    [InlineData("", "silver", null)]
    [InlineData("gold", "", "update from non-nil value to nil is forbidden")]
    public void TheAttributesChangeButAreNotTakenBack(string before, string after, string? complaint)
    {
        string[] findings = complaint is null ? [] : [$"spec.volumeAttributesClassName: Forbidden: {complaint}"];
        Assert.Equal(
            findings,
            StrategyProbe.Update("PersistentVolume", Volume(Csi("") + Class(before)), Volume(Csi("") + Class(after))));
    }

    private static string Class(string name) =>
        name.Length == 0 ? "" : $",\"volumeAttributesClassName\":\"{name}\"";

    private static string Csi(string secret) =>
        $"\"csi\":{{\"driver\":\"d\",\"volumeHandle\":\"h\"{(secret.Length == 0 ? "" : $",{secret}")}}}";

    private static string Near(string label) =>
        "\"hostPath\":{\"path\":\"/a\"},\"nodeAffinity\":{\"required\":{\"nodeSelectorTerms\":[{\"matchExpressions\":" +
        $"[{{\"key\":\"{label}\",\"operator\":\"In\",\"values\":[\"z\"]}}]}}]}}}}";

    private static string Volume(string rest) =>
        $"{{\"spec\":{{\"accessModes\":[\"ReadWriteOnce\"],\"capacity\":{{\"storage\":\"1Gi\"}},{rest}}}}}";
}
