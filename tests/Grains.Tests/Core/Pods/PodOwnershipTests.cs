using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Pods;

/// <summary>Which pods that it no longer selects an owner lets go.</summary>
public sealed class PodOwnershipTests
{
    private static readonly DateTime Now = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private static readonly PodFacts[] Strangers =
    [
        Pod("active", "Running", isTerminating: false), Pod("finished", "Failed", isTerminating: false),
        Pod("terminating", "Running", isTerminating: true),
    ];

    [Fact]
    public void Whatever_their_state() => Assert.Equal(
        ["active", "finished", "terminating"],
        Released(PodOwnership.Of(new V1ObjectMeta { Uid = "o" }, Strangers, _ => false)));

    [Fact]
    public void Only_active_ones_if_the_owner_looks_at_no_others() => Assert.Equal(
        ["active"],
        Released(PodOwnership.Of(new V1ObjectMeta { Uid = "o" }, Strangers, _ => false, p => p.IsActive)));

    [Fact]
    public void None_while_it_is_being_deleted() => Assert.Empty(Released(
        PodOwnership.Of(new V1ObjectMeta { Uid = "o", DeletionTimestamp = Now }, Strangers, _ => false)));

    private static IEnumerable<string> Released(PodOwnership ownership) =>
        ownership.Release.Select(p => p.Key.Name);

    private static PodFacts Pod(string name, string phase, bool isTerminating) => PodFacts.Of(new ResourceObject(
        new ObjectKey("default", name),
        $"uid-{name}",
        1,
        ResourceCodec.Encode(new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                NamespaceProperty = "default",
                Uid = $"uid-{name}",
                DeletionTimestamp = isTerminating ? Now : null,
                OwnerReferences =
                [
                    new V1OwnerReference
                    {
                        ApiVersion = "apps/v1", Kind = "ReplicaSet", Name = "web", Uid = "o", Controller = true,
                    },
                ],
            },
            Spec = new V1PodSpec { Containers = [new V1Container { Name = "c" }] },
            Status = new V1PodStatus { Phase = phase },
        })));
}
