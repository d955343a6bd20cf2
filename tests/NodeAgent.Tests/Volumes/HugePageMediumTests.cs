using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

public sealed class HugePageMediumTests
{
    private const string NotRequested =
        "hugePages storage requested, but there is no resource request for huge pages";

    [Theory]
    [InlineData("HugePages", "hugepages-2Mi", null, null, "pagesize=2Mi,mode=755")]
    [InlineData("HugePages", "hugepages-2Mi", "hugepages-2Mi", 7L, "pagesize=2Mi,mode=2775,gid=7")]
    [InlineData("HugePages-1Gi", "hugepages-2Mi", "hugepages-1Gi", null, "pagesize=1Gi,mode=755")]
    [InlineData("HugePages-2048Ki", "hugepages-2Mi", "hugepages-1Gi", null, "pagesize=2Mi,mode=755")]
    public void The_size_is_the_mediums_or_the_only_one_that_is_requested(
        string medium, string first, string? second, long? group, string options) =>
        Assert.Equal(options, HugePageMedium.MountOptions(medium, Pod(first, second), group));

    [Theory]
    [InlineData("HugePages", "memory", null, "medium HugePages: " + NotRequested)]
    [InlineData("HugePages-1Gi", "hugepages-2Mi", null, "medium HugePages-1Gi: " + NotRequested)]
    [InlineData("HugePages", "hugepages-2Mi", "hugepages-1Gi",
        "medium: HugePages can't be used if container requests multiple huge page sizes")]
    public void A_medium_that_the_pod_does_not_request_is_refused(
        string medium, string first, string? second, string message) => Assert.Equal(
            message,
            Assert.Throws<VolumeException>(() => HugePageMedium.MountOptions(medium, Pod(first, second), null)).Message);

    /// <summary>Mounting takes no page: it works where none is set aside.</summary>
    [Fact]
    public async Task The_volume_is_a_file_system_of_huge_pages_and_goes_with_its_pod()
    {
        Assert.SkipUnless(
            File.ReadAllText("/proc/filesystems").Contains("hugetlbfs", StringComparison.Ordinal)
            && Directory.Exists("/sys/kernel/mm/hugepages/hugepages-2048kB"), "needs huge pages of 2 MiB");
        using var stand = new VolumeStand();
        stand.Pod.Spec.Containers = Pod("hugepages-2Mi", null).Spec.Containers;
        stand.Pod.Spec.SecurityContext.FsGroup = 1234;
        var volume = new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource { Medium = "HugePages" } };

        var path = await stand.SetUpAsync(volume);
        Assert.Equal(path, await stand.SetUpAsync(volume));

        var mounted = Assert.Single(
            File.ReadLines("/proc/self/mounts"), line => line.Contains($" {path} ", StringComparison.Ordinal));
        Assert.Contains($" {path} hugetlbfs ", mounted);
        Assert.Contains("pagesize=2M", mounted);
        Assert.Contains("gid=1234", mounted);
        await stand.Manager.TearDownAsync(stand.Pod.Metadata.Uid, CancellationToken.None);
        Assert.False(MountPoints.Contains(path));
        Assert.False(Directory.Exists(path));
    }

    private static V1Pod Pod(string first, string? second)
    {
        var pod = TestPods.Pod("p", TestPods.Service("a"), TestPods.Service("b"));
        pod.Spec.Containers[0].Resources = Requests(first);
        pod.Spec.Containers[1].Resources = second is null ? null : Requests(second);
        return pod;
    }

    private static V1ResourceRequirements Requests(string resource) =>
        new() { Requests = new Dictionary<string, ResourceQuantity> { [resource] = new("1Gi") } };
}
