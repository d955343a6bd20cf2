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

    /// <summary>Of two pods, upstream's rules one after the other say which goes.</summary>
    [Fact]
    public void Who_is_missed_least_goes_first() => Gen.Select(Sketches, Sketches).Check((a, b) =>
    {
        var (first, second) = (a.ToFacts("p0"), b.ToFacts("p1"));
        var expected = GoesBefore(a, b, uidsDecide: true) ? "p0" : "p1";
        Assert.Equal(expected, Chosen([first, second], 1).Single());
        Assert.Equal(expected, Chosen([second, first], 1).Single());
    });

    /// <summary>
    /// Where nobody has another's time upstream's rules order all; and whatever times are the same, it does not matter
    /// in which order the pods are looked at.
    /// </summary>
    [Fact]
    public void The_order_is_one_of_all() => Gen.Select(Sketches.Array[2, 30], Gen.Int[0, 29], Gen.Int[0, 1_000]).Check(
        (sketches, number, turn) =>
    {
        var count = Math.Min(number, sketches.Length - 1);
        var pods = sketches.Select((s, i) => s.ToFacts($"p{i:d2}")).ToList();
        var chosen = Chosen(pods, count);
        Assert.Equal(chosen, Chosen([.. pods.Skip(turn % pods.Count), .. pods.Take(turn % pods.Count)], count));
        Assert.Equal(chosen, Chosen(pods, sketches.Length - 1).Take(count));

        var times = sketches.Where(s => s.IsReady).Select(s => s.ReadyFor!.Value)
            .Concat(sketches.Select(s => -s.Age - 1)).ToList();
        if (times.Distinct().Count() == times.Count)
        {
            var naive = sketches.Select((s, i) => (Sketch: s, Name: $"p{i:d2}")).ToList();
            naive.Sort((x, y) => x == y ? 0
                : GoesBefore(x.Sketch, y.Sketch, string.CompareOrdinal(x.Name, y.Name) < 0) ? -1 : 1);
            Assert.Equal(naive.Take(count).Select(p => p.Name), chosen);
        }
    });

    /// <summary>Ready for so many seconds, restarted so often, the first named having the lesser uid.</summary>
    [Theory]
    [InlineData(100, 5, 80, 0, "a")]
    [InlineData(80, 0, 100, 5, "a")]
    [InlineData(80, 0, 80, 5, "b")]
    [InlineData(7_200, 0, 18_000, 5, "a")]
    [InlineData(18_000, 5, 28_800, 0, "a")]
    [InlineData(18_000, 0, null, 0, "b")]
    [InlineData(0, 5, null, 0, "b")]
    public void Of_ready_pods_times_that_differ_leave_it_to_the_uid(
        int? readyA, int restartsA, int? readyB, int restartsB, string expected)
    {
        List<PodFacts> pods =
        [
            new Sketch("n1", 2, true, 0, readyA, restartsA, 100_000).ToFacts("a"),
            new Sketch("n1", 2, true, 0, readyB, restartsB, 100_000).ToFacts("b"),
        ];
        Assert.Equal(expected, Chosen(pods, 1).Single());
    }

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

    private static List<string> Chosen(IReadOnlyList<PodFacts> pods, int count) =>
        [.. PodDeletionOrder.First(pods, count, Related, Now).Select(p => p.Key.Name)];

    /// <summary>Upstream's comparison of two, where the uids say what else is even.</summary>
    private static bool GoesBefore(Sketch a, Sketch b, bool uidsDecide)
    {
        (int Order, bool IsEven)[] rules =
        [
            ((a.Node.Length > 0).CompareTo(b.Node.Length > 0), true),
            (a.Phase.CompareTo(b.Phase), true),
            (a.IsReady.CompareTo(b.IsReady), true),
            (a.Cost.CompareTo(b.Cost), true),
            (Related.GetValueOrDefault(b.Node).CompareTo(Related.GetValueOrDefault(a.Node)), true),
            (a.IsReady ? PowerOfTwo(a.ReadyFor!.Value).CompareTo(PowerOfTwo(b.ReadyFor!.Value)) : 0,
                !a.IsReady || a.ReadyFor == b.ReadyFor),
            (b.Restarts.CompareTo(a.Restarts), true),
            (PowerOfTwo(a.Age).CompareTo(PowerOfTwo(b.Age)), false),
        ];
        var (order, isEven) = rules.First(r => r.Order != 0 || !r.IsEven);
        return order < 0 || (order == 0 && !isEven && uidsDecide);
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

    private sealed record Sketch(string Node, int Phase, bool IsReady, int Cost, int? ReadyFor, int Restarts, int Age)
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
                            Type = "Ready",
                            Status = IsReady ? "True" : "False",
                            LastTransitionTime = ReadyFor is { } seconds ? Now.AddSeconds(-seconds).UtcDateTime : null,
                        },
                    ],
                    ContainerStatuses = [new V1ContainerStatus { Name = "c", RestartCount = Restarts }],
                },
            })));
    }
}
