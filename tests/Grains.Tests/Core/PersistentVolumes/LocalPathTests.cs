using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.PersistentVolumes;

public sealed class LocalPathTests
{
    private static readonly Dictionary<string, (Action<V1PersistentVolumeClaim> Change, string? Why)> Claims = new()
    {
        ["plain"] = (_ => { }, null),
        ["one pod"] = (c => c.Spec.AccessModes = ["ReadWriteOncePod"], null),
        ["shared"] = (c => c.Spec.AccessModes = ["ReadWriteOnce", "ReadWriteMany"],
            "only the access modes ReadWriteOnce and ReadWriteOncePod are supported"),
        ["block"] = (c => c.Spec.VolumeMode = "Block", "only volumes of mode Filesystem can be made of directories"),
        ["selector"] = (c => c.Spec.Selector = new V1LabelSelector(), "claim.Spec.Selector is not supported"),
        ["copy"] = (c => c.Spec.DataSource = new V1TypedLocalObjectReference(),
            "claim.Spec.DataSource is not supported"),
        ["attributes"] = (c => c.Spec.VolumeAttributesClassName = "fast",
            "claim.Spec.VolumeAttributesClassName is not supported"),
        ["no attributes"] = (c => c.Spec.VolumeAttributesClassName = "", null),
        ["no node"] = (c => c.Metadata.Annotations = null, "configuration error, no node was specified"),
    };

    public static TheoryData<string> Names => [.. Claims.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_directory_is_not_for_every_claim(string name)
    {
        var claim = Claim();
        Claims[name].Change(claim);
        Assert.Equal(Claims[name].Why, LocalPath.WhyNot(claim));
    }

    [Theory]
    [InlineData("host", "kubernetes.io/hostname")]
    [InlineData(null, "metadata.name")]
    public void The_volume_is_the_claims_and_reaches_its_node_only(string? host, string key)
    {
        var node = new V1Node { Metadata = new V1ObjectMeta { Name = "n" } };
        if (host is not null)
        {
            node.Metadata.Labels = new Dictionary<string, string> { ["kubernetes.io/hostname"] = host };
        }

        var volume = LocalPath.Volume(Claim(), LocalPath.Class, node, "/data/pvc-u");

        Assert.Equal(("pvc-u", "/data/pvc-u"), (volume.Metadata.Name, volume.Spec.Local.Path));
        Assert.Equal(("ns", "c", "u"), (
            volume.Spec.ClaimRef.NamespaceProperty, volume.Spec.ClaimRef.Name, volume.Spec.ClaimRef.Uid));
        Assert.Equal("3Gi", volume.Spec.Capacity["storage"].ToString());
        Assert.Equal(("Delete", "local-path", "Filesystem"), (
            volume.Spec.PersistentVolumeReclaimPolicy, volume.Spec.StorageClassName, volume.Spec.VolumeMode));
        var term = Assert.Single(volume.Spec.NodeAffinity.Required.NodeSelectorTerms);
        var only = Assert.Single(term.MatchExpressions ?? term.MatchFields);
        Assert.Equal((key, "In", host ?? "n"), (only.Key, only.OperatorProperty, Assert.Single(only.Values)));
        Assert.True(LocalPath.IsOurs(volume));
        Assert.Equal([LocalPath.Finalizer], volume.Metadata.Finalizers);
    }

    private static V1PersistentVolumeClaim Claim() => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "c",
            NamespaceProperty = "ns",
            Uid = "u",
            Annotations = new Dictionary<string, string> { [VolumeAnnotations.SelectedNode] = "n" },
        },
        Spec = new V1PersistentVolumeClaimSpec
        {
            AccessModes = ["ReadWriteOnce"],
            Resources = new V1VolumeResourceRequirements
            {
                Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new("3Gi") },
            },
        },
    };
}
