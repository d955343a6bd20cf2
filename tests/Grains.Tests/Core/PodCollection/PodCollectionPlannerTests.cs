using CsCheck;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.PodCollection;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.PodCollection;

public sealed class PodCollectionPlannerTests
{
    private static readonly DateTime Epoch = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private static readonly Gen<V1Pod> Pods =
        from node in Gen.OneOf("", "here", "broken", "gone", "gone long")
        from phase in Gen.OneOf("Running", "Pending", "Succeeded", "Failed", "Evicted")
        from isDeleted in Gen.Bool
        from age in Gen.Int[0, 5]
        select new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                NamespaceProperty = "default",
                CreationTimestamp = Epoch.AddSeconds(age),
                DeletionTimestamp = isDeleted ? Epoch : null,
            },
            Spec = new V1PodSpec { NodeName = node, Containers = [new V1Container { Name = "c" }] },
            Status = phase == "Evicted"
                ? new V1PodStatus { Phase = "Failed", Reason = "Evicted" }
                : new V1PodStatus { Phase = phase },
        };

    /// <summary>
    /// Held against taking pods away one by one: first, while too many have ended, the next of those, whoever goes for
    /// another reason being counted as well; then whoever nobody will end.
    /// </summary>
    [Fact]
    public void Who_is_left_is_looked_after_and_not_too_many_have_ended() => Gen.Select(
        Pods.Array[0, 12], Gen.Int[0, 4]).Check((pods, threshold) =>
    {
        var facts = pods.Select(Facts).ToList();
        var plan = PodCollectionPlanner.Compute(new PodCollectionObserved
        {
            Pods = facts,
            Nodes = new HashSet<string> { "here", "broken" },
            OutOfService = new HashSet<string> { "broken" },
            LongGone = new HashSet<string> { "gone long" },
            TerminatedThreshold = threshold,
        });
        Assert.Distinct(plan.Select(p => p.Pod.Key.Name));
        var left = facts.ToList();
        List<string> expected = [];
        while (threshold > 0 && left.Where(p => p.IsFinished).ToList() is var ended && ended.Count > threshold)
        {
            var next = ended.MinBy(p => (p.IsEvicted ? 0 : 1, p.Item.Metadata.CreationTimestamp, p.Key.Name))!;
            left.Remove(next);
            expected.Add(next.Key.Name);
        }

        Assert.Equal(
            expected,
            plan.Where(p => p.Reason == PodCollectionReason.Terminated).Select(p => p.Pod.Key.Name));
        Assert.Equal(
            left.Where(IsNobodys).Select(p => p.Key.Name),
            plan.Where(p => p.Reason != PodCollectionReason.Terminated).Select(p => p.Pod.Key.Name));
    }, cases: 500);

    private static bool IsNobodys(PodFacts pod) =>
        pod.NodeName == "gone long" || (pod.IsTerminating && pod.NodeName is "" or "broken" && pod.IsTerminating);

    private static PodFacts Facts(V1Pod pod, int number)
    {
        pod.Metadata.Name = $"p{number:d2}";
        return PodFacts.Of(new ResourceObject(pod.Key(), pod.Metadata.Name, 1, ResourceCodec.Encode(pod)));
    }
}
