using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.PersistentVolumes;

/// <summary>Nodes that are gone, that refuse, and that are simulated.</summary>
public sealed class LocalPathProvisionerTests
{
    private readonly World _world = new();

    [Fact]
    public async Task When_the_chosen_node_is_gone_the_scheduler_chooses_again()
    {
        var claim = Claim("gone");

        await Provisioner().ProvisionAsync(claim, LocalPath.Class, CancellationToken.None);

        Assert.False(_world.Api.All<V1PersistentVolumeClaim>().Single().Has(VolumeAnnotations.SelectedNode));
        Assert.Empty(_world.Api.All<V1PersistentVolume>());
    }

    [Fact]
    public async Task What_a_node_refuses_is_not_pretended()
    {
        Node("n");
        _world.NodeVolumes.Refusal = StatusErrors.InternalError("disk is full");

        await Provisioner().ProvisionAsync(Claim("n"), LocalPath.Class, CancellationToken.None);

        Assert.Empty(_world.Api.All<V1PersistentVolume>());
        Assert.True(_world.Api.All<V1PersistentVolumeClaim>().Single().Has(VolumeAnnotations.SelectedNode));
    }

    [Fact]
    public async Task The_data_of_a_node_that_does_not_answer_is_kept_and_that_of_a_node_that_is_gone_let_go()
    {
        var volume = LocalPath.Volume(Claim("n"), LocalPath.Class, Node("n"), "/n/v");
        _world.NodeVolumes.Refusal = StatusErrors.InternalError("away");

        await Assert.ThrowsAsync<ReconcileException>(
            () => Provisioner().RemoveAsync(volume, CancellationToken.None));

        _world.Api.Delete<V1Node>("", "n");
        await Provisioner().RemoveAsync(volume, CancellationToken.None);
    }

    [Fact]
    public async Task Nobody_is_asked_for_a_simulated_node()
    {
        var node = Node("n", "hollow://n");
        _world.NodeVolumes.Refusal = StatusErrors.InternalError("nobody there");

        await Provisioner().ProvisionAsync(Claim("n"), LocalPath.Class, CancellationToken.None);

        var volume = Assert.Single(_world.Api.All<V1PersistentVolume>());
        Assert.Equal(node.Metadata.Name, volume.GetAnnotation(LocalPath.NodeAnnotation));
        await Provisioner().RemoveAsync(volume, CancellationToken.None);
    }

    private LocalPathProvisioner Provisioner() => new(_world.Services);

    private V1Node Node(string name, string? provider = null) => _world.Api.Seed(new V1Node
    {
        Metadata = new V1ObjectMeta { Name = name }, Spec = new V1NodeSpec { ProviderID = provider },
    });

    private V1PersistentVolumeClaim Claim(string node) => _world.Api.Seed(new V1PersistentVolumeClaim
    {
        Metadata = new V1ObjectMeta
        {
            Name = "c",
            NamespaceProperty = "default",
            Annotations = new Dictionary<string, string> { [VolumeAnnotations.SelectedNode] = node },
        },
        Spec = new V1PersistentVolumeClaimSpec { AccessModes = ["ReadWriteOnce"] },
    });
}
