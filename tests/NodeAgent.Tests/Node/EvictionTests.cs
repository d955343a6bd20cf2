using CsCheck;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

/// <summary>When a node is short of something, who goes for it, and what is said.</summary>
public sealed class EvictionTests
{
    private const long Mi = 1024 * 1024;
    private static readonly IReadOnlyList<EvictionThreshold> Defaults = new EvictionSettings().Thresholds();
    private static readonly SteadyTime Start = new(TimeSpan.FromDays(1));
    private static readonly TimeSpan FiveMinutes = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData(200, 50, 50, 50, 50, Pressure.None)]
    [InlineData(99, 50, 50, 50, 50, Pressure.Memory)]
    [InlineData(200, 9, 50, 50, 50, Pressure.Disk)]
    [InlineData(200, 50, 4, 50, 50, Pressure.Disk)]
    [InlineData(200, 14, 50, 50, 50, Pressure.None)]
    [InlineData(200, 50, 50, 14, 50, Pressure.Disk)]
    [InlineData(50, 5, 50, 50, 1, Pressure.Memory | Pressure.Disk | Pressure.Pids)]
    public void Default_thresholds_are_upstreams(
        long memoryMi, int disk, int inodes, int images, int pids, Pressure expected)
    {
        var look = Look(EvictionMemory.None, Defaults, Start, new()
        {
            [EvictionSignal.MemoryAvailable] = new(memoryMi * Mi, 1024 * Mi),
            [EvictionSignal.NodeFsAvailable] = new(disk, 100),
            [EvictionSignal.NodeFsInodesFree] = new(inodes, 100),
            [EvictionSignal.ImageFsAvailable] = new(images, 100),
            [EvictionSignal.PidAvailable] = new(pids, 100),
        });

        Assert.Equal(expected, look.Pressure);
        Assert.Equal(expected != Pressure.None, look.Due.Count > 0);
        Assert.True(!expected.HasFlag(Pressure.Memory) || look.Due[0].Signal == EvictionSignal.MemoryAvailable);
    }

    [Fact]
    public void A_condition_stays_for_the_transition_period_but_nobody_is_evicted_for_it()
    {
        var pressed = Look(EvictionMemory.None, Defaults, Start, Memory(10));
        var relieved = Look(pressed.Memory, Defaults, Start + TimeSpan.FromMinutes(4), Memory(500));
        var calm = Look(relieved.Memory, Defaults, Start + FiveMinutes, Memory(500));

        Assert.Equal((Pressure.Memory, 1), (pressed.Pressure, pressed.Due.Count));
        Assert.Equal((Pressure.Memory, 0), (relieved.Pressure, relieved.Due.Count));
        Assert.Equal(Pressure.None, calm.Pressure);
    }

    [Fact]
    public void A_soft_threshold_waits_for_its_grace_without_a_break()
    {
        EvictionThreshold[] soft = [
            Memory("300Mi") with { Grace = TimeSpan.FromMinutes(1) }];

        var first = Look(EvictionMemory.None, soft, Start, Memory(200));
        var broken = Look(first.Memory, soft, Start + TimeSpan.FromSeconds(30), Memory(400));
        var again = Look(broken.Memory, soft, Start + TimeSpan.FromSeconds(61), Memory(200));
        var due = Look(again.Memory, soft, Start + TimeSpan.FromSeconds(121), Memory(200));

        Assert.Equal([0, 0, 0, 1], new[] { first, broken, again, due }.Select(l => l.Due.Count));
        Assert.Equal(Pressure.Memory, first.Pressure);
    }

    [Fact]
    public void What_was_acted_upon_stays_until_its_least_reclaim_is_free()
    {
        EvictionThreshold[] thresholds =
        [
            Memory("300Mi") with { MinReclaim = new ThresholdAmount(100 * Mi, 0) },
        ];

        var acted = Look(EvictionMemory.None, thresholds, Start, Memory(200));

        Assert.Single(Look(acted.Memory, thresholds, Start, Memory(350)).Due);
        Assert.Empty(Look(acted.Memory, thresholds, Start, Memory(400)).Due);
        Assert.Empty(Look(EvictionMemory.None, thresholds, Start, Memory(350)).Due);
    }

    [Fact]
    public void A_file_system_that_counts_no_inodes_is_not_short_of_them() => Assert.Equal(
        Pressure.None,
        Look(EvictionMemory.None, Defaults, Start,
            new() { [EvictionSignal.NodeFsInodesFree] = new(0, 0) }).Pressure);

    [Fact]
    public void Those_above_their_request_go_first_and_critical_pods_stay()
    {
        var below = Candidate("below", memory: 10, request: 50, priority: -5);
        var above = Candidate("above", memory: 60, request: 50, priority: 100);
        var farAbove = Candidate("far", memory: 90, request: 50, priority: 100);
        var unknown = Candidate("unknown", memory: null, request: 50, priority: 200);
        var critical = Candidate("critical", memory: 900, request: 1, priority: 2_000_000_000);
        var mirror = Candidate("mirror", memory: 900, request: 1, priority: 0);
        mirror.Pod.Metadata.Annotations = new Dictionary<string, string> { ["kubernetes.io/config.mirror"] = "h" };
        var fixedPod = Candidate("static", memory: 900, request: 1, priority: 0);
        fixedPod.Pod.Metadata.Annotations = new Dictionary<string, string> { ["kubernetes.io/config.source"] = "file" };

        Assert.Equal(["unknown", "far", "above", "below"],
            Ranked(EvictionSignal.MemoryAvailable, below, above, critical, mirror, farAbove, unknown, fixedPod));
        Assert.Empty(Ranked(EvictionSignal.MemoryAvailable, critical, mirror, fixedPod));
    }

    [Fact]
    public void Processes_are_ranked_by_priority_and_number_because_nobody_requests_them()
    {
        var many = Candidate("many", memory: 1, request: 1, priority: 10, processes: 900);
        var few = Candidate("few", memory: 1, request: 1, priority: 0, processes: 3);
        var some = Candidate("some", memory: 1, request: 1, priority: 0, processes: 30);

        Assert.Equal(["some", "few", "many"], Ranked(EvictionSignal.PidAvailable, many, few, some));

        var unknown = Candidate("unknown", memory: null, request: 1, priority: 5);
        Assert.Equal(["few", "unknown", "many"], Ranked(EvictionSignal.PidAvailable, many, unknown, few));
        Assert.Equal("unknown", Ranked(EvictionSignal.MemoryAvailable, many, unknown, few).First());
    }

    [Fact]
    public void On_a_disk_of_their_own_images_count_roots_and_the_node_counts_logs_and_volumes()
    {
        var writer = Disk("writer", root: 500, logs: 1, volume: 1);
        var logger = Disk("logger", root: 1, logs: 100, volume: 20);

        Assert.Equal(["writer", "logger"], Ranked(EvictionSignal.NodeFsAvailable, writer, logger));
        Assert.Equal(["logger", "writer"], Ranked(EvictionSignal.NodeFsAvailable, true, writer, logger));
        Assert.Equal(["writer", "logger"], Ranked(EvictionSignal.ImageFsAvailable, true, writer, logger));
    }

    [Fact]
    public void The_message_is_the_kubelets()
    {
        var victim = Candidate("c", memory: 700, request: 512, priority: 0);
        var threshold = Memory("100Mi");

        Assert.Equal(
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 65537Ki. "
            + "Container c was using 700, request is 512, has larger consumption of memory. ",
            EvictionMessages.Evicted(threshold, new Observation((64 * Mi) + 1024, 1024 * Mi), victim));
        Assert.Equal("The node had condition: [MemoryPressure DiskPressure]. ",
            EvictionMessages.Refused(Pressure.Disk | Pressure.Memory));
    }

    /// <summary>Memory that is kept from pods does not save them from each other.</summary>
    [Fact]
    public void What_holds_for_the_machines_memory_holds_for_that_of_its_pods()
    {
        var thresholds = EvictionThreshold.WithAllocatable(
            [.. Defaults, Defaults[0] with { Grace = TimeSpan.FromMinutes(1) }]);
        Assert.Equal(Defaults.Count + 2, thresholds.Count);
        var observed = new Dictionary<EvictionSignal, Observation>
        {
            [EvictionSignal.NodeFsAvailable] = new(0, 100),
            [EvictionSignal.MemoryAvailable] = new(500 * Mi, 1024 * Mi),
            [EvictionSignal.AllocatableMemoryAvailable] = new(99 * Mi, 512 * Mi),
        };

        var look = EvictionPlanner.Look(
            EvictionMemory.None, thresholds, observed, TimeSpan.Zero, new SteadyTime(TimeSpan.FromDays(1)));

        Assert.Equal(Pressure.Memory | Pressure.Disk, look.Pressure);
        Assert.Equal(
            [EvictionSignal.AllocatableMemoryAvailable, EvictionSignal.NodeFsAvailable],
            look.Due.Select(static t => t.Signal));
        Assert.Equal("allocatableMemory.available", EvictionThreshold.NameOf(look.Due[0].Signal));
    }

    /// <summary>What the threshold's grace is, what the pod wants, what it gets.</summary>
    [Theory]
    [InlineData(0, 30, 1)]
    [InlineData(60, 30, 20)]
    [InlineData(60, 5, 5)]
    [InlineData(60, null, 20)]
    public void A_soft_eviction_takes_no_longer_than_the_pod_needs(int threshold, int? own, int expected)
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        pod.Spec.TerminationGracePeriodSeconds = own;
        var met = new EvictionThreshold(EvictionSignal.MemoryAvailable, new ThresholdAmount(1, 0))
        {
            Grace = TimeSpan.FromSeconds(threshold),
        };

        Assert.Equal(
            TimeSpan.FromSeconds(expected), EvictionPlanner.GraceOf(met, pod, TimeSpan.FromSeconds(20)));
    }

    /// <summary>What each container is limited to, and how the sum is told.</summary>
    [Theory]
    [InlineData("1Mi", "1Mi", "2Mi")]
    [InlineData("1M", "1M", "2M")]
    [InlineData("1M", "1Mi", "2048576")]
    [InlineData("1500k", null, "1500k")]
    public void The_limit_of_a_pod_is_told_in_the_units_of_its_first_container(
        string first, string? second, string told)
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"), TestPods.Service("d"));
        pod.Spec.Containers[0].Resources = Limited(first);
        pod.Spec.Containers[1].Resources = second is null ? null : Limited(second);

        Assert.Equal(
            $"Pod ephemeral local storage usage exceeds the total limit of containers {told}. ",
            OverLimit(pod, root: 9 * Mi, logs: 0, volume: 0));
    }

    [Fact]
    public void Programs_are_told_who_used_more_than_it_asked_for()
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"), TestPods.Service("d"));
        var usage = new PodUsage
        {
            Containers = [new ContainerUsage("c") { MemoryBytes = 2048 }, new ContainerUsage("d") { MemoryBytes = 3 }],
        };
        var threshold = new EvictionThreshold(EvictionSignal.MemoryAvailable, new ThresholdAmount(1, 0));

        Assert.Equal(
            new Dictionary<string, string>
            {
                ["offending_containers"] = "c,d", ["offending_containers_usage"] = "2Ki,3",
                ["starved_resource"] = "memory",
            },
            EvictionMessages.Annotations(threshold, new EvictionCandidate(pod, usage)));
        Assert.Empty(EvictionMessages.Annotations(threshold, new EvictionCandidate(pod, Usage: null)));
    }

    /// <summary>Also where it uses less: the pod was chosen, whatever its containers ask for.</summary>
    [Theory]
    [InlineData("memory", "2Gi", "Pod p was using 2Ki, request is 2Gi, has larger consumption of memory. ")]
    [InlineData("cpu", "1", "")]
    public void A_pod_that_requests_memory_as_a_whole_is_told_of(string resource, string request, string expected)
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        pod.Spec.Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { [resource] = new(request) },
        };
        var threshold = new EvictionThreshold(EvictionSignal.MemoryAvailable, new ThresholdAmount(1, 0));
        var victim = new EvictionCandidate(
            pod, new PodUsage { Containers = [new ContainerUsage("c") { MemoryBytes = 2048 }] });

        Assert.Equal(
            "The node was low on resource: memory. Threshold quantity: 1, available: 0. " + expected
            + "Container c was using 2Ki, request is 0, has larger consumption of memory. ",
            EvictionMessages.Evicted(threshold, new Observation(0, 1), victim));
        var annotations = EvictionMessages.Annotations(threshold, victim);
        Assert.Equal(
            expected.Length > 0 ? ("p", "2Ki") : (null, null),
            (annotations.GetValueOrDefault("offending_pod"), annotations.GetValueOrDefault("offending_pod_usage")));
    }

    /// <summary>They can ask for nothing.</summary>
    [Fact]
    public void Ephemeral_containers_are_not_blamed()
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        pod.Spec.InitContainers = [TestPods.Service("side")];
        pod.Spec.EphemeralContainers = [new V1EphemeralContainer { Name = "debug" }];
        var usage = new PodUsage
        {
            Containers = [.. new[] { "side", "debug", "gone" }.Select(n => new ContainerUsage(n) { MemoryBytes = 1 })],
        };
        var threshold = new EvictionThreshold(EvictionSignal.MemoryAvailable, new ThresholdAmount(1, 0));

        Assert.EndsWith(
            "available: 0. Container side was using 1, request is 0, has larger consumption of memory. ",
            EvictionMessages.Evicted(threshold, new Observation(0, 1), new EvictionCandidate(pod, usage)),
            StringComparison.Ordinal);
    }

    /// <summary>As what a pod requests is counted: an init container runs beside the sidecars before it.</summary>
    [Theory]
    [InlineData("3Mi", null, "3Mi")]
    [InlineData("2Mi", null, "2Mi")]
    [InlineData("1Mi", null, "2Mi")]
    [InlineData("2Mi", "1Mi", "3Mi")]
    public void An_init_container_may_use_up_to_its_own_limit(string init, string? sidecar, string told)
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        pod.Spec.Containers[0].Resources = Limited("2Mi");
        var side = TestPods.Service("side") with
        {
            RestartPolicy = "Always", Resources = sidecar is null ? null : Limited(sidecar),
        };
        pod.Spec.InitContainers = [side, TestPods.Service("init") with { Resources = Limited(init) }];

        Assert.Equal(
            $"Pod ephemeral local storage usage exceeds the total limit of containers {told}. ",
            OverLimit(pod, root: 9 * Mi, logs: 0, volume: 0));
    }

    [Fact]
    public void Limits_on_local_storage_are_kept_by_volume_pod_and_container()
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        pod.Spec.Volumes = [new V1Volume { Name = "v",
            EmptyDir = new V1EmptyDirVolumeSource { SizeLimit = new ResourceQuantity("1Mi") } }];

        Assert.Null(OverLimit(pod, root: 9 * Mi, logs: 0, volume: Mi));
        Assert.Equal("Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". ",
            OverLimit(pod, root: 0, logs: 0, volume: Mi + 1));

        pod.Spec.Containers[0].Resources = Limited("2Mi");
        Assert.Equal(
            "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ",
                OverLimit(pod, root: Mi, logs: Mi, volume: 1));

        pod.Spec.Containers.Add(TestPods.Service("d"));
        pod.Spec.Containers[1].Resources = Limited("9Mi");
        Assert.Equal("Container c exceeded its local ephemeral storage limit \"2Mi\". ",
            OverLimit(pod, root: 2 * Mi, logs: 1, volume: 0));
        Assert.Null(EvictionMessages.OverLimit(pod, Usage(root: 3 * Mi, logs: 1, volume: 0), hasImageFs: true));
        Assert.Equal(
            ["emptydirfs.limit", "ephemeralpodfs.limit", "ephemeralcontainerfs.limit"],
            [
                EvictionMessages.OverLimit(pod, Usage(0, 0, 2 * Mi), hasImageFs: false)?.Signal,
                EvictionMessages.OverLimit(pod, Usage(12 * Mi, 0, 1), hasImageFs: false)?.Signal,
                EvictionMessages.OverLimit(pod, Usage(2 * Mi, 1, 0), hasImageFs: false)?.Signal,
            ]);
    }

    [Theory]
    [InlineData(Pressure.None, "BestEffort", 0, null)]
    [InlineData(Pressure.Memory, "Burstable", 0, null)]
    [InlineData(Pressure.Memory, "BestEffort", 0, "The node had condition: [MemoryPressure]. ")]
    [InlineData(Pressure.Disk, "Guaranteed", 0, "The node had condition: [DiskPressure]. ")]
    [InlineData(Pressure.Disk, "BestEffort", 2_000_000_000, null)]
    public void A_node_under_pressure_takes_only_whom_it_must(
        Pressure pressure, string qos, int priority, string? message)
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        (pod.Status, pod.Spec.Priority) = (new V1PodStatus { QosClass = qos }, priority);

        Assert.Equal(message, PodAdmission.Check(TestPods.Admission(pod) with { Pressure = pressure })?.Message);
    }

    /// <summary>As Go's resource.Quantity writes them: what is less than a kibibyte has decimal units.</summary>
    [Theory]
    [InlineData(0, true, "0")]
    [InlineData(1000, true, "1k")]
    [InlineData(1 << 20, true, "1Mi")]
    [InlineData(1500, true, "1500")]
    [InlineData(1 << 20, false, "1048576")]
    [InlineData(3_000_000, false, "3M")]
    public void Amounts_are_written_as_quantities_are(long amount, bool isBinary, string text) =>
        Assert.Equal(text, EvictionMessages.Text(amount, isBinary));

    [Fact]
    public void Amounts_read_back_as_they_were() => Gen.Long[0, long.MaxValue / 2].Check(amount =>
    {
        Assert.Equal(amount, (long)new ResourceQuantity(EvictionMessages.Text(amount, isBinary: true)).ToDecimal());
        Assert.Equal(amount, (long)new ResourceQuantity(EvictionMessages.Text(amount, isBinary: false)).ToDecimal());
    });

    private static EvictionLook Look(
        EvictionMemory memory,
        IReadOnlyList<EvictionThreshold> thresholds,
        SteadyTime now,
        Dictionary<EvictionSignal, Observation> observed) =>
        EvictionPlanner.Look(memory, thresholds, observed, FiveMinutes, now);

    private static EvictionThreshold Memory(string least) => new EvictionSettings
    {
        Hard = new Dictionary<string, string> { ["memory.available"] = least },
    }.Thresholds().Single();

    private static Dictionary<EvictionSignal, Observation> Memory(long availableMi) =>
        new() { [EvictionSignal.MemoryAvailable] = new(availableMi * Mi, 1024 * Mi) };

    private static IEnumerable<string> Ranked(EvictionSignal signal, params EvictionCandidate[] candidates) =>
        Ranked(signal, false, candidates);

    private static IEnumerable<string> Ranked(
        EvictionSignal signal, bool hasImageFs, params EvictionCandidate[] candidates) =>
        EvictionRanking.Rank(candidates, signal, hasImageFs).Select(c => c.Pod.Metadata.Name);

    private static EvictionCandidate Candidate(
        string name, long? memory, long request, int priority, long processes = 1)
    {
        var pod = TestPods.Pod(name, TestPods.Service("c"));
        pod.Spec.Priority = priority;
        pod.Spec.Containers[0].Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity>
            {
                ["memory"] = new(EvictionMessages.Text(request, isBinary: true)),
            },
        };
        return new EvictionCandidate(pod, memory is { } used
            ? new PodUsage { Containers = [new ContainerUsage("c") { MemoryBytes = used }], Processes = processes }
            : null);
    }

    private static EvictionCandidate Disk(string name, long root, long logs, long volume) =>
        new(TestPods.Pod(name, TestPods.Service("c")), Usage(root, logs, volume));

    private static string? OverLimit(V1Pod pod, long root, long logs, long volume) =>
        EvictionMessages.OverLimit(pod, Usage(root, logs, volume), hasImageFs: false)?.Message;

    private static V1ResourceRequirements Limited(string storage) =>
        new() { Limits = new Dictionary<string, ResourceQuantity> { ["ephemeral-storage"] = new(storage) } };

    private static PodUsage Usage(long root, long logs, long volume) => new()
    {
        Containers = [new ContainerUsage("c") { Root = new DiskAmount(root, 1), Logs = new DiskAmount(logs, 1) }],
        Volumes = new Dictionary<string, DiskAmount> { ["v"] = new(volume, 1) },
    };
}
