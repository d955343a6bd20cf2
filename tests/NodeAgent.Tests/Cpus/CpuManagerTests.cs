using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cpus;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.PinningParts;

namespace OrleansOrchestrator.NodeAgent.Tests.Cpus;

/// <summary>Who gets CPUs for itself, and who shares what.</summary>
public sealed class CpuManagerTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-cpus-");
    private readonly KubeletMeters _meters = new();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Only_whole_requests_of_guaranteed_pods_get_cpus_and_all_others_share_the_rest()
    {
        var cpus = New();
        var changes = 0;
        cpus.Changed += () => changes++;

        await AllocateAsync(cpus, Pod("own", ("c", "2")));
        await AllocateAsync(cpus, Pod("parts", ("c", "1500m")));
        await AllocateAsync(cpus, Burstable());

        Assert.Equal("1,5", cpus.ExclusiveOf("own", "c").ToString());
        Assert.Equal("0,2-4,6-7", cpus.AffinityOf("parts", "c").ToString());
        Assert.Equal("0,2-4,6-7", cpus.AffinityOf("burstable", "c").ToString());
        Assert.Equal("1-7", cpus.Allocatable.ToString());
        Assert.Equal((1, true, false), (changes, cpus.HasExclusive(Pod("own")), cpus.HasExclusive(Pod("parts"))));
        Assert.Equal(1, Sample("kubelet_cpu_manager_pinning_requests_total"));
        Assert.Equal(2, Sample("kubelet_cpu_manager_exclusive_cpu_allocation_count"));
        Assert.Equal(5000, Sample("kubelet_cpu_manager_shared_pool_size_millicores"));
        Assert.Equal(2, Sample("kubelet_cpu_manager_allocation_per_numa{numa_node=\"0\"}"));

        cpus.Release("own");

        Assert.Equal("0-7", cpus.AffinityOf("parts", "c").ToString());
        Assert.Equal(0, Sample("kubelet_cpu_manager_exclusive_cpu_allocation_count"));
    }

    [Fact]
    public async Task A_container_keeps_its_cpus_while_the_agent_is_away_and_those_of_others_are_given_back()
    {
        await AllocateAsync(New(), Pod("stays", ("c", "2")));
        var before = New();
        await AllocateAsync(before, Pod("goes", ("c", "1")));
        var after = New();

        Assert.Equal("1,5", after.ExclusiveOf("stays", "c").ToString());
        await AllocateAsync(after, Pod("stays", ("c", "2")));
        Assert.Equal("1,5", after.ExclusiveOf("stays", "c").ToString());
        after.Keep(static uid => uid == "stays");
        Assert.Equal("0,2-4,6-7", New().AffinityOf("goes", "c").ToString());
    }

    [Fact]
    public async Task Init_containers_leave_their_cpus_to_those_after_them_and_sidecars_do_not()
    {
        var cpus = New();
        var pod = Pod("p", ("c", "3"));
        pod.Spec.InitContainers = [Container("init", "2"), Container("sidecar", "1")];
        pod.Spec.InitContainers[1].RestartPolicy = "Always";

        await AllocateAsync(cpus, pod);

        var (init, sidecar, main) = (
            cpus.ExclusiveOf("p", "init"), cpus.ExclusiveOf("p", "sidecar"), cpus.ExclusiveOf("p", "c"));
        Assert.True(init.IsSubsetOf(main), "it starts after the init container has ended");
        Assert.True(sidecar.Intersect(main).IsEmpty);
        Assert.Equal(4, init.Union(sidecar).Union(main).Count);
        cpus.Release("p");
        Assert.Equal("0-7", cpus.AffinityOf("p", "c").ToString());
    }

    [Fact]
    public async Task What_is_not_there_is_refused_and_nothing_is_taken()
    {
        var cpus = New();
        var problem = await Assert.ThrowsAsync<AllocationException>(() => AllocateAsync(cpus, Pod("p", ("c", "8"))));

        Assert.Equal("not enough cpus available to satisfy request: requested=8, available=7", problem.Message);
        Assert.Null(problem.Reason);
        Assert.Equal("0-7", cpus.AffinityOf("p", "c").ToString());
        Assert.Equal(1, Sample("kubelet_cpu_manager_pinning_errors_total"));
    }

    [Fact]
    public async Task What_cannot_be_written_down_is_not_given_and_may_be_tried_again()
    {
        var cpus = New();
        var blocked = Directory.CreateDirectory(Path.Combine(_directory.FullName, $"{CpuCheckpoint.FileName}.new"));
        await Assert.ThrowsAnyAsync<UnauthorizedAccessException>(() => AllocateAsync(cpus, Pod("p", ("c", "2"))));
        Assert.Empty(cpus.ExclusiveOf("p", "c"));

        blocked.Delete();
        await AllocateAsync(cpus, Pod("p", ("c", "2")));
        Assert.Equal(2, cpus.ExclusiveOf("p", "c").Count);
    }

    [Fact]
    public async Task Whole_cores_only_refuses_parts_of_cores()
    {
        var cpus = New(options: ("full-pcpus-only", "true"));
        var part = await Assert.ThrowsAsync<AllocationException>(() => AllocateAsync(cpus, Pod("p", ("c", "3"))));
        var many = await Assert.ThrowsAsync<AllocationException>(() => AllocateAsync(cpus, Pod("p", ("c", "8"))));

        Assert.Equal(
            ("SMTAlignmentError", "SMT Alignment Error: requested 3 cpus not multiple cpus per core = 2"),
            (part.Reason, part.Message));
        Assert.Equal(
            "SMT Alignment Error: not enough free physical CPUs: available physical CPUs = 6, requested CPUs = 8, " +
            "CPUs per core = 2",
            many.Message);
        await AllocateAsync(cpus, Pod("p", ("c", "4")));
        Assert.Equal("1-2,5-6", cpus.ExclusiveOf("p", "c").ToString());
        Assert.Equal(2, Sample(
            "kubelet_container_aligned_compute_resources_failure_count" +
            "{boundary=\"physical_cpu\",scope=\"container\"}"));
    }

    [Fact]
    public void Strictly_reserved_cpus_are_nobodys()
    {
        var cpus = New(reserved: "0-1", options: ("strict-cpu-reservation", "true"));
        Assert.Equal("2-7", cpus.AffinityOf("p", "c").ToString());
        Assert.Equal("2-7", cpus.Allocatable.ToString());
    }

    [Fact]
    public async Task Pods_with_amounts_of_their_own_share()
    {
        var cpus = New();
        var pod = Pod("p", ("c", "2"));
        pod.Spec.Resources = pod.Spec.Containers[0].Resources;

        await AllocateAsync(cpus, pod);

        Assert.True(cpus.ExclusiveOf("p", "c").IsEmpty);
        Assert.Empty(cpus.HintsOf(pod));
    }

    [Fact]
    public async Task Cpus_come_from_the_nodes_that_are_wanted_as_far_as_these_have_any()
    {
        var cpus = New(DualSocket);
        var pod = Pod("p", ("c", "2"), ("d", "5"));

        await cpus.AllocateAsync(pod, pod.Spec.Containers[0], NumaSet.Of(1), CancellationToken.None);
        await cpus.AllocateAsync(pod, pod.Spec.Containers[1], NumaSet.Of(1), CancellationToken.None);

        Assert.Equal("1,7", cpus.ExclusiveOf("p", "c").ToString());
        Assert.Equal("3,5-6,9,11", cpus.ExclusiveOf("p", "d").ToString());
    }

    [Theory]
    [InlineData("4", "01 preferred, 10 preferred, 11")]
    [InlineData("6", "10 preferred, 11")]
    [InlineData("7", "11 preferred")]
    [InlineData("12", "")]
    public void Hints_are_of_nodes_that_have_so_many(string count, string expected)
    {
        var cpus = New(DualSocket); // CPU 0, of node 0, is the system's
        var pod = Pod("p", ("c", count));

        var hints = cpus.HintsOf(pod, pod.Spec.Containers[0])["cpu"]!;

        Assert.Equal(expected, string.Join(
            ", ", hints.Select(static h => $"{h.Nodes!.Value.Bits:b2}{(h.IsPreferred ? " preferred" : "")}")));
        Assert.Equal(hints, cpus.HintsOf(pod)["cpu"]);
    }

    [Theory]
    [InlineData("other", "", "", 1000, "unknown policy: \"other\"")]
    [InlineData("static", "", "", 0,
        "[cpumanager] the static policy requires systemreserved.cpu + kubereserved.cpu to be greater than zero")]
    [InlineData("static", "", "0,9", 0, "reserved-cpus: 0,9 is not a subset of online-cpus: 0-7")]
    [InlineData("static", "align-by-socket=true", "0", 0,
        "new static policy error: CPU Manager Policy Alpha-level Options not enabled, but option " +
        "\"align-by-socket\" provided")]
    [InlineData("static", "fast=true", "0", 0, "new static policy error: unknown CPU Manager Policy option: \"fast\"")]
    [InlineData("static", "full-pcpus-only=yes", "0", 0,
        "new static policy error: bad value for option \"full-pcpus-only\": strconv.ParseBool: parsing \"yes\": " +
        "invalid syntax")]
    [InlineData("static", "prefer-align-cpus-by-uncorecache=true,distribute-cpus-across-numa=true", "0", 0,
        "new static policy error: static policy options prefer-align-cpus-by-uncorecache and " +
        "distribute-cpus-across-numa can not be used at the same time")]
    public void What_cannot_be_here_is_said_before_anything_starts(
        string policy, string options, string reserved, long milliCpu, string problem) => Assert.Equal(
            problem,
            AgentPreconditions.ResourceProblem(
                Options(policy, reserved, [.. options.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(
                    static o => (o.Split('=')[0], o.Split('=')[1]))]) with { SystemReservedMilliCpu = milliCpu },
                Of(SingleSocket)));

    [Fact]
    public void A_file_that_does_not_fit_the_machine_is_refused()
    {
        _ = New(DualSocket);
        var problem = AgentPreconditions.ResourceProblem(Options("static", "0"), Of(SingleSocket));
        Assert.StartsWith("current set of available CPUs \"0-7\" doesn't match with CPUs in state \"0-11\"", problem);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_said_before_anything_starts()
    {
        Assert.Null(AgentPreconditions.ResourceProblem(Options("static", "0"), Of(SingleSocket)));
        const string unreadable = "/proc/self/mem"; // for root too
        File.CreateSymbolicLink(Path.Combine(_directory.FullName, CpuCheckpoint.FileName), unreadable);

        Assert.NotNull(AgentPreconditions.ResourceProblem(Options("static", "0"), Of(SingleSocket)));
    }

    private static async Task AllocateAsync(CpuManager cpus, V1Pod pod)
    {
        foreach (var container in (pod.Spec.InitContainers ?? []).Concat(pod.Spec.Containers))
        {
            await cpus.AllocateAsync(pod, container, nodes: null, CancellationToken.None);
        }
    }

    private static V1Pod Pod(string uid, params (string Name, string Cpu)[] containers)
    {
        var pod = TestPods.Pod(uid, [.. containers.Select(static c => Container(c.Name, c.Cpu))]);
        pod.Metadata.Uid = uid;
        return pod;
    }

    private static V1Pod Burstable()
    {
        var pod = Pod("burstable", ("c", "2"));
        pod.Spec.Containers[0].Resources.Limits = null;
        return pod;
    }

    private static V1Container Container(string name, string cpu)
    {
        var amounts = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu), ["memory"] = new("1Mi") };
        return new V1Container
        {
            Name = name, Resources = new V1ResourceRequirements { Requests = amounts, Limits = amounts },
        };
    }

    private CpuManager New(
        CpuTopology? topology = null, string reserved = "0", params (string Name, string Value)[] options) =>
        PinningParts.Cpus(Options("static", reserved, options), topology, _meters);

    private NodeAgentOptions Options(string policy, string reserved, params (string Name, string Value)[] options) =>
        new()
        {
            NodeName = "n", DataDirectory = _directory.FullName,
            Resources = new ResourceOptions
            {
                CpuPolicy = policy, ReservedCpus = reserved,
                CpuPolicyOptions = options.ToDictionary(static o => o.Name, static o => o.Value),
            },
        };

    private double Sample(string series)
    {
        var text = new MetricsText();
        _meters.Pinning.Write(text);
        var line = text.ToString().Split('\n').Single(l => l.StartsWith(series + " ", StringComparison.Ordinal));
        return double.Parse(line[series.Length..], System.Globalization.CultureInfo.InvariantCulture);
    }
}
