using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Pods;

/// <summary>
/// Upstream's ranking (<c>ActivePodsWithRanks</c>), held against a sort by its rules one after the other.
/// </summary>
public sealed class PodDeletionOrderTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string[] Phases = ["Pending", "Unknown", "Running"];
    private static readonly Dictionary<string, int> Related = new() { ["n1"] = 3, ["n2"] = 1, ["n3"] = 3 };

    private static readonly Gen<Sketch> Sketches =
        from place in Gen.Int[0, 3]
        from phase in Gen.Int[0, 2]
        from ready in Gen.Bool
        from cost in Gen.Int[-1, 1]
        from readyFor in Gen.Int[0, 2_000]
        from restarts in Gen.Int[0, 2]
        from age in Gen.Int[0, 20_000]
        select new Sketch(place == 0 ? "" : $"n{place}", phase, ready, cost, readyFor, restarts, readyFor + age);

    [Fact]
    public void Who_is_missed_least_goes_first() => Gen.Select(Sketches.Array[2, 30], Gen.Int[0, 29]).Check((sketches, number) =>
    {
        var count = Math.Min(number, sketches.Length - 1);
        var pods = sketches.Select((s, i) => (Sketch: s, Facts: s.ToFacts($"p{i}"))).ToList();
        var chosen = PodDeletionOrder.First([.. pods.Select(p => p.Facts)], count, Related, Now).Select(p => p.Key.Name);
        var naive = pods
            .OrderBy(p => p.Sketch.Node.Length > 0)
            .ThenBy(p => p.Sketch.Phase)
            .ThenBy(p => p.Sketch.IsReady)
            .ThenBy(p => p.Sketch.Cost)
            .ThenByDescending(p => Related.GetValueOrDefault(p.Sketch.Node))
            .ThenBy(p => p.Sketch.IsReady ? PowerOfTwo(p.Sketch.ReadyFor) : 0)
            .ThenByDescending(p => p.Sketch.Restarts)
            .ThenBy(p => PowerOfTwo(p.Sketch.Age))
            .ThenBy(p => p.Facts.Uid, StringComparer.Ordinal)
            .Take(count)
            .Select(p => p.Facts.Key.Name);
        Assert.Equal(naive, chosen);
    });

    [Fact]
    public void Of_equal_pods_the_one_whose_sidecar_restarted_more_often_goes_first()
    {
        PodFacts[] pods = [WithInit("a", sidecar: 0, init: 9), WithInit("b", sidecar: 2, init: 0)];
        Assert.Equal("b", Assert.Single(PodDeletionOrder.First(pods, 1, Related, Now)).Key.Name);
    }

    private static PodFacts WithInit(string name, int sidecar, int init)
    {
        var pod = new Sketch("n1", 2, false, 0, 60, 0, 60).ToFacts(name).Item.Clone<V1Pod>();
        pod.Spec.InitContainers =
            [new V1Container { Name = "init" }, new V1Container { Name = "sidecar", RestartPolicy = "Always" }];
        pod.Status.InitContainerStatuses =
        [
            new V1ContainerStatus { Name = "init", RestartCount = init },
            new V1ContainerStatus { Name = "sidecar", RestartCount = sidecar },
        ];
        return PodFacts.Of(new ResourceObject(
            new ObjectKey("default", name), pod.Metadata.Uid, 1, ResourceCodec.Encode(pod)));
    }

    /// <summary>Which power of two of nanoseconds; -1 for none at all.</summary>
    private static int PowerOfTwo(int seconds)
    {
        var power = -1;
        for (var rest = seconds * 1_000_000_000L; rest > 0; rest /= 2)
        {
            power++;
        }

        return power;
    }

    private sealed record Sketch(string Node, int Phase, bool IsReady, int Cost, int ReadyFor, int Restarts, int Age)
    {
        public PodFacts ToFacts(string name) => PodFacts.Of(new ResourceObject(
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
                    CreationTimestamp = Now.AddSeconds(-Age).UtcDateTime,
                    Annotations = new Dictionary<string, string>
                    {
                        ["controller.kubernetes.io/pod-deletion-cost"] = Cost.ToString(System.Globalization.CultureInfo.InvariantCulture),
                    },
                },
                Spec = new V1PodSpec { NodeName = Node.Length == 0 ? null : Node, Containers = [new V1Container { Name = "c" }] },
                Status = new V1PodStatus
                {
                    Phase = Phases[Phase],
                    Conditions =
                    [
                        new V1PodCondition
                        {
                            Type = "Ready", Status = IsReady ? "True" : "False", LastTransitionTime = Now.AddSeconds(-ReadyFor).UtcDateTime,
                        },
                    ],
                    ContainerStatuses = [new V1ContainerStatus { Name = "c", RestartCount = Restarts }],
                },
            })));
    }
}
