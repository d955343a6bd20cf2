using k8s.Models;
using OrleansOrchestrator.NodeAgent.HugePages;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.HugePages;

public sealed class HugePageSizeTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("orc-pages-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_the_kernel_has_is_read_smallest_first()
    {
        Put("hugepages-1048576kB", "2\n");
        Put("hugepages-2048kB", "10\n");
        Put("hugepages-64kB", "0\n");

        Assert.Equal(
            [new HugePageSize(64 << 10, 0), new HugePageSize(2 << 20, 10), new HugePageSize(1 << 30, 2)],
            HugePageSize.Read(_directory));
        Assert.Empty(HugePageSize.Read(Path.Combine(_directory, "none")));
    }

    [Theory]
    [InlineData(512, "hugepages-512", "512B")]
    [InlineData(64L << 10, "hugepages-64Ki", "64KB")]
    [InlineData(2L << 20, "hugepages-2Mi", "2MB")]
    [InlineData(512L << 20, "hugepages-512Mi", "512MB")]
    [InlineData(1L << 30, "hugepages-1Gi", "1GB")]
    [InlineData(16L << 30, "hugepages-16Gi", "16GB")]
    public void A_size_has_the_names_of_the_resource_and_of_cgroups(long bytes, string resource, string cgroup)
    {
        var size = new HugePageSize(bytes, 3);

        Assert.Equal((resource, cgroup, 3 * bytes), (size.Resource, size.CgroupName, size.Bytes));
    }

    [Fact]
    public void Pages_that_are_set_aside_are_the_nodes_and_no_memory_of_pods()
    {
        var options = new NodeAgentOptions { NodeName = "n", NodeIp = "192.0.2.7", DataDirectory = _directory };
        var without = new NodeFacts(options, []);
        var with = new NodeFacts(options, [new HugePageSize(2 << 20, 8), new HugePageSize(1 << 30, 0)]);

        Assert.DoesNotContain(without.Capacity.Keys, static k => k.StartsWith("hugepages-", StringComparison.Ordinal));
        foreach (var amounts in new[] { with.Capacity, with.Allocatable })
        {
            Assert.Equal(
                ("16Mi", "0"), (amounts["hugepages-2Mi"].ToString(), amounts["hugepages-1Gi"].ToString()));
        }

        Assert.Equal(without.Capacity["memory"].ToDecimal(), with.Capacity["memory"].ToDecimal());
        Assert.Equal(
            without.Allocatable["memory"].ToDecimal() - (16 << 20), with.Allocatable["memory"].ToDecimal());
    }

    [Fact]
    public void Sizes_that_the_kernel_has_no_more_go_from_the_nodes_status()
    {
        var options = new NodeAgentOptions { NodeName = "n", NodeIp = "192.0.2.7", DataDirectory = _directory };
        var computer = new NodeStatusComputer(options, new NodeFacts(options, [new HugePageSize(2 << 20, 1)]));
        var before = new V1NodeStatus
        {
            Capacity = new Dictionary<string, ResourceQuantity>
            {
                ["hugepages-2Mi"] = new("0"), ["hugepages-1Gi"] = new("1Gi"), ["example.com/others"] = new("5"),
            },
        };

        var after = computer.Compute(new NodeStatusInput { Now = DateTimeOffset.UnixEpoch, Before = before });

        Assert.Equal("2Mi", after.Capacity["hugepages-2Mi"].ToString());
        Assert.DoesNotContain("hugepages-1Gi", after.Capacity.Keys);
        Assert.DoesNotContain("hugepages-1Gi", after.Allocatable.Keys);
        Assert.Contains("example.com/others", after.Capacity.Keys);
        Assert.Contains("\"hugepages-1Gi\":null", NodeStatusPatch.Compute(before, after, force: false));
    }

    [Fact]
    public void A_container_is_held_to_its_own_limits_then_to_its_pods_and_else_to_none()
    {
        HugePageSize[] sizes = [new(64 << 10, 0), new(2 << 20, 8), new(1 << 30, 1)];
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        pod.Spec.Resources = new V1ResourceRequirements { Limits = Amounts(("hugepages-1Gi", "1Gi"), ("hugepages-2Mi", "8Mi")) };
        pod.Spec.Containers[0].Resources = new V1ResourceRequirements { Limits = Amounts(("hugepages-2Mi", "4Mi")) };

        var limits = HugePageLimits.OfContainer(pod, pod.Spec.Containers[0], sizes);

        Assert.Equal(
            [("64KB", 0ul), ("2MB", 4ul << 20), ("1GB", 1ul << 30)], limits.Select(static l => (l.PageSize, l.Limit)));
    }

    [Fact]
    public void A_pod_is_held_to_what_its_containers_request_together()
    {
        var pod = TestPods.Pod("p", TestPods.Service("a"), TestPods.Service("b"));
        foreach (var container in pod.Spec.Containers)
        {
            container.Resources = new V1ResourceRequirements { Requests = Amounts(("hugepages-2Mi", "4Mi"), ("memory", "1Gi")) };
        }

        Assert.Equal(new Dictionary<string, long> { ["2MB"] = 8 << 20 }, HugePageLimits.OfPod(pod));
    }

    [Fact]
    public void One_size_in_two_words_is_one_limit()
    {
        var pod = TestPods.Pod("p", TestPods.Service("a"), TestPods.Service("b"));
        pod.Spec.Containers[0].Resources = new V1ResourceRequirements { Requests = Amounts(("hugepages-2Mi", "4Mi")) };
        pod.Spec.Containers[1].Resources = new V1ResourceRequirements { Requests = Amounts(("hugepages-2048Ki", "2Mi")) };

        Assert.Equal(new Dictionary<string, long> { ["2MB"] = 6 << 20 }, HugePageLimits.OfPod(pod));
    }

    private static Dictionary<string, ResourceQuantity> Amounts(params (string Name, string Amount)[] amounts) =>
        amounts.ToDictionary(static a => a.Name, static a => new ResourceQuantity(a.Amount));

    private void Put(string size, string pages)
    {
        var directory = Directory.CreateDirectory(Path.Combine(_directory, size)).FullName;
        File.WriteAllText(Path.Combine(directory, "nr_hugepages"), pages);
    }
}
