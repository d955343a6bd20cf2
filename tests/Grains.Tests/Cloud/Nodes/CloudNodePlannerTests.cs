using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Cloud;
using OrleansOrchestrator.Grains.Cloud.Nodes;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Cloud.Nodes;

public sealed class CloudNodePlannerTests
{
    private static readonly string[] Twins =
    [
        "failure-domain.beta.kubernetes.io/zone topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region topology.kubernetes.io/region",
        "beta.kubernetes.io/instance-type node.kubernetes.io/instance-type",
    ];

    private static readonly Gen<V1NodeAddress> Known = Gen.Select(
        Gen.OneOf("InternalIP", "ExternalIP"),
        Gen.OneOf("10.0.0.1", "10.0.0.2", "2001:db8::1"),
        (type, address) => new V1NodeAddress { Type = type, Address = address });

    /// <summary>The newer label says what the older one says, and where that says nothing all stays.</summary>
    [Fact]
    public void Labels_of_one_meaning_come_together() => Gen.OneOf("", "a", "b").Array[6].Check(values =>
    {
        var labels = Twins.SelectMany(t => t.Split(' ')).Zip(values).Where(p => p.Second.Length > 0)
            .ToDictionary(p => p.First, p => p.Second);
        var node = new V1Node { Metadata = new V1ObjectMeta { Name = "n", Labels = labels.ToDictionary() } };
        var isChanged = CloudNodePlanner.ReconcileLabels(node);
        foreach (var twin in Twins.Select(t => t.Split(' ')))
        {
            var (older, newer) = (labels.GetValueOrDefault(twin[0]), labels.GetValueOrDefault(twin[1]));
            Assert.Equal(older, ValueOf(node, twin[0]));
            Assert.Equal(older ?? newer, ValueOf(node, twin[1]));
        }

        Assert.Equal(isChanged, !labels.OrderBy(l => l.Key).SequenceEqual(node.Metadata.Labels.OrderBy(l => l.Key)));
        Assert.False(CloudNodePlanner.ReconcileLabels(node));
    });

    /// <summary>What the kubelet was told comes first, and all there is are addresses that the cloud knows.</summary>
    [Fact]
    public void Addresses_are_the_clouds_and_those_that_were_told_come_first() => Gen.Select(
        Known.Array[0, 4], Gen.OneOf("", "10.0.0.1", "10.0.0.2", "2001:db8::1", "10.0.0.1,2001:db8::1")).Check((
            known, told) =>
    {
        var node = new V1Node { Metadata = new V1ObjectMeta { Name = "n" } };
        if (told.Length > 0)
        {
            node.SetAnnotation(CloudNodePlanner.ProvidedAddressAnnotation, told);
        }

        var wanted = told.Split(',', StringSplitOptions.RemoveEmptyEntries);
        var addresses = CloudNodePlanner.Addresses(node, new CloudInstance { Addresses = known });
        if (wanted.Any(w => known.All(k => k.Address != w)))
        {
            Assert.Null(addresses);
            return;
        }

        Assert.All(addresses!, a => Assert.Contains(a, known));
        Assert.Equal(wanted.FirstOrDefault(), wanted.Length == 0 ? null : addresses![0].Address);
        Assert.All(wanted, w => Assert.Contains(addresses!, a => a.Address == w));
    }, cases: 500);

    private static string? ValueOf(V1Node node, string label) =>
        node.Metadata.Labels.TryGetValue(label, out var value) ? value : null;
}
