using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Nodes;

public sealed class TaintEvictionPlannerTests
{
    private const int Horizon = 60;

    private static readonly DateTimeOffset Epoch = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly Gen<string> Keys = Gen.OneOf("a", "b");

    private static readonly Gen<V1Taint> Taints =
        from key in Keys
        from value in Gen.OneOf("", "x")
        from effect in Gen.OneOf("NoExecute", "NoExecute", "NoSchedule")
        from added in Gen.Int[0, 20]
        select new V1Taint
        {
            Key = key, Value = value, Effect = effect, TimeAdded = Epoch.AddSeconds(added).UtcDateTime,
        };

    private static readonly Gen<V1Toleration> Tolerations =
        from key in Gen.OneOf("a", "b", "")
        from exists in Gen.Bool
        from value in Gen.OneOf("", "x")
        from effect in Gen.OneOf("NoExecute", "", "NoSchedule")
        from seconds in Gen.Int[-5, 25]
        from isForEver in Gen.Bool
        select new V1Toleration
        {
            Key = key, OperatorProperty = exists || key.Length == 0 ? "Exists" : "Equal",
            Value = exists || key.Length == 0 ? "" : value, Effect = effect,
            TolerationSeconds = isForEver ? null : seconds,
        };

    /// <summary>Held against looking at each second whether the pod may be there in it.</summary>
    [Fact]
    public void A_pod_leaves_in_the_first_second_in_which_it_may_not_stay() => Gen.Select(
        Taints.Array[0, 4], Tolerations.Array[0, 4], Gen.Int[0, 20], Gen.Int[0, 30]).Check((
            taints, tolerations, bound, now) =>
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p" },
            Spec = new V1PodSpec { Tolerations = [.. tolerations] },
            Status = new V1PodStatus { Phase = "Running", StartTime = Epoch.AddSeconds(bound).UtcDateTime },
        };
        var expected = Enumerable.Range(now, Horizon)
            .Where(second => taints.Any(t => Drives(t, tolerations, bound, second)))
            .Select(static s => (DateTimeOffset?)Epoch.AddSeconds(s)).FirstOrDefault();
        var due = TaintEvictionPlanner.DueAt(pod, taints, Epoch.AddSeconds(now));
        Assert.Equal(expected, due < Epoch.AddSeconds(now) ? Epoch.AddSeconds(now) : due);
    }, cases: 1_000);

    /// <summary>Until its node's agent has seen it, it has no other time than that of its binding.</summary>
    [Theory]
    [InlineData("True", 3_600 + 60)]
    [InlineData("False", 60)]
    [InlineData(null, 60)]
    public void A_pod_that_waited_for_a_node_has_its_time_there(string? scheduled, int due)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p", CreationTimestamp = Epoch.UtcDateTime },
            Spec = new V1PodSpec
            {
                Tolerations = [new V1Toleration { OperatorProperty = "Exists", TolerationSeconds = 60 }],
            },
            Status = new V1PodStatus
            {
                Conditions = scheduled is null ? null :
                [
                    new V1PodCondition
                    {
                        Type = "PodScheduled", Status = scheduled,
                        LastTransitionTime = Epoch.AddHours(1).UtcDateTime,
                    },
                ],
            },
        };
        V1Taint[] taints =
            [new() { Key = "a", Effect = "NoExecute", TimeAdded = Epoch.AddHours(-1).UtcDateTime }];
        Assert.Equal(
            Epoch.AddSeconds(due), TaintEvictionPlanner.DueAt(pod, taints, Epoch.AddHours(1).AddSeconds(1)));
    }

    private static bool Drives(V1Taint taint, V1Toleration[] tolerations, int bound, int second)
    {
        if (taint.Effect != "NoExecute")
        {
            return false;
        }

        var tolerating = Array.Find(tolerations, t =>
            t.Effect is "" or "NoExecute" && (t.Key == "" || t.Key == taint.Key)
            && (t.OperatorProperty == "Exists" || t.Value == taint.Value));
        if (tolerating is null)
        {
            return true;
        }

        var added = (int)(new DateTimeOffset(taint.TimeAdded!.Value) - Epoch).TotalSeconds;
        return tolerating.TolerationSeconds is { } seconds && second - Math.Max(added, bound) >= Math.Max(seconds, 0);
    }
}
