using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Apps.StatefulSets;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Apps.StatefulSets;

/// <summary>The planner alone, in states that no set may ever have reached by itself.</summary>
public sealed class StatefulSetPlannerTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private enum PodState
    {
        None,
        Pending,
        Ready,
        Failed,
        Terminating,
    }

    private static readonly Gen<((PodState State, bool IsNew)[], int, int)> Situations = Gen.Select(
        Gen.Select(Gen.Enum<PodState>(), Gen.Bool).Array[0, 7], Gen.Int[0, 5], Gen.Int[0, 5]);

    /// <summary>
    /// An ordered set, held against the rule told naively: the lowest pod that is not well is seen to, else the highest
    /// condemned one goes, else the highest old one from the partition on.
    /// </summary>
    [Fact]
    public void An_ordered_set_sees_to_the_first_trouble_only() => Situations.Check((states, replicas, partition) =>
    {
        var steps = Plan("OrderedReady", states, replicas, partition);
        Assert.Equal(Naive(states, replicas, partition), steps.Select(s => (s.Action, s.Ordinal)));
    });

    /// <summary>
    /// A parallel set creates all that is missing and deletes all that is failed or condemned at once, and updates one
    /// pod at most, none while another above it is unavailable.
    /// </summary>
    [Fact]
    public void A_parallel_set_waits_with_updates_only() => Situations.Check((states, replicas, partition) =>
    {
        PodState At(int i) => i < states.Length ? states[i].State : PodState.None;
        var steps = Plan("Parallel", states, replicas, partition);
        Assert.Equal(
            Enumerable.Range(0, replicas).Where(i => At(i) == PodState.None),
            steps.Where(s => s.Action == StatefulAction.Create).Select(s => s.Ordinal));
        var expected = Enumerable.Range(0, states.Length).Where(i => i < replicas
            ? At(i) == PodState.Failed
            : At(i) is PodState.Pending or PodState.Ready or PodState.Failed).ToHashSet();
        var deleted = steps.Where(s => s.Action == StatefulAction.Delete).Select(s => s.Ordinal).ToList();
        Assert.Subset(deleted.ToHashSet(), expected);
        Assert.InRange(deleted.Count, expected.Count, expected.Count + 1);
        foreach (var updated in deleted.Where(d => !expected.Contains(d)))
        {
            Assert.InRange(updated, partition, replicas - 1);
            Assert.False(states[updated].IsNew);
            Assert.All(states[(updated + 1)..replicas], s => Assert.Equal((PodState.Ready, true), s));
        }
    });

    [Fact]
    public void Nothing_is_done_for_a_set_that_is_being_deleted()
    {
        var observed = Observed("Parallel", [], 3, 0);
        observed.Set.Metadata.DeletionTimestamp = Now.UtcDateTime;
        Assert.Empty(StatefulSetPlanner.Compute(observed, Now).Phases);
    }

    private static IEnumerable<(StatefulAction, int)> Naive(
        (PodState State, bool IsNew)[] states, int replicas, int partition)
    {
        for (var i = 0; i < replicas; i++)
        {
            switch (i < states.Length ? states[i].State : PodState.None)
            {
                case PodState.None: return [(StatefulAction.Create, i)];
                case PodState.Failed: return [(StatefulAction.Delete, i)];
                case not PodState.Ready: return [];
            }
        }

        for (var i = states.Length - 1; i >= replicas; i--)
        {
            if (states[i].State != PodState.None)
            {
                var isFirstTrouble = states[replicas..i].All(s => s.State is PodState.Ready or PodState.None);
                var goes = states[i].State == PodState.Ready
                    || (states[i].State != PodState.Terminating && isFirstTrouble);
                return goes ? [(StatefulAction.Delete, i)] : [];
            }
        }

        for (var i = replicas - 1; i >= partition; i--)
        {
            if (!states[i].IsNew)
            {
                return [(StatefulAction.Delete, i)];
            }
        }

        return [];
    }

    private static List<StatefulStep> Plan(
        string policy, (PodState State, bool IsNew)[] states, int replicas, int partition) =>
        [.. StatefulSetPlanner.Compute(Observed(policy, states, replicas, partition), Now).Phases.SelectMany(p => p)];

    private static StatefulSetObserved Observed(
        string policy, (PodState State, bool IsNew)[] states, int replicas, int partition) => new()
        {
            Set = new V1StatefulSet
            {
                Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "set" },
                Spec = new V1StatefulSetSpec
                {
                    Replicas = replicas,
                    PodManagementPolicy = policy,
                    UpdateStrategy = new V1StatefulSetUpdateStrategy
                    {
                        Type = "RollingUpdate",
                        RollingUpdate = new V1RollingUpdateStatefulSetStrategy { Partition = partition },
                    },
                },
            },
            Pods =
            [
                .. states.Index().Where(s => s.Item.State != PodState.None)
                    .Select(s => Pod(s.Index, s.Item.State, s.Item.IsNew)),
            ],
            Claims = new Dictionary<string, V1PersistentVolumeClaim>(),
            CurrentRevision = "web-old",
            UpdateRevision = "web-new",
        };

    private static PodFacts Pod(int ordinal, PodState state, bool isNew)
    {
        var name = $"web-{ordinal}";
        var isReady = state is PodState.Ready or PodState.Terminating;
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                NamespaceProperty = "default",
                DeletionTimestamp = state == PodState.Terminating ? Now.UtcDateTime : null,
                Labels = new Dictionary<string, string>
                {
                    ["statefulset.kubernetes.io/pod-name"] = name,
                    [StatefulPods.RevisionLabel] = isNew ? "web-new" : "web-old",
                },
            },
            Status = new V1PodStatus
            {
                Phase = state == PodState.Failed ? "Failed" : isReady ? "Running" : "Pending",
                Conditions = [new V1PodCondition { Type = "Ready", Status = isReady ? "True" : "False" }],
            },
        };
        return PodFacts.Of(new ResourceObject(new ObjectKey("default", name), name, 1, ResourceCodec.Encode(pod)));
    }
}
