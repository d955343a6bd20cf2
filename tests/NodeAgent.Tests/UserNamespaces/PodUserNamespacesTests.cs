using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Tests.Security;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.UserNamespaces;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.UserNamespaces;

public sealed class PodUserNamespacesTests : IDisposable
{
    private readonly RuntimeHealth _runtime = new();
    private NodeAgentOptions _options;
    private readonly PodPaths _paths;

    public PodUserNamespacesTests()
    {
        _options = new NodeAgentOptions
        {
            NodeName = "n", MaxPods = 2, DataDirectory = Directory.CreateTempSubdirectory("orc-users-").FullName,
        };
        _paths = new PodPaths(_options);
        _runtime.Up(Abilities(("", true), ("plain", false)));
    }

    public void Dispose() => Directory.Delete(_options.DataDirectory, recursive: true);

    [Fact]
    public void Each_pod_has_a_range_of_its_own_until_its_directory_goes()
    {
        _options = _options with { IdsPerPod = 1 << 30 }; // two ranges beside the machine's own

        Assert.Equal(1u << 30, Allocate("a"));
        Assert.Equal(2u << 30, Allocate("b"));
        Assert.Equal(1u << 30, Allocate("a"));
        Assert.Equal(
            "create user namespace: could not find an empty slot to allocate a user namespace",
            Assert.Throws<UserNamespaceException>(() => Allocate("c")).Message);

        Directory.Delete(_paths.Pod("a"), recursive: true);
        Assert.Equal(1u << 30, Allocate("c"));
        Assert.Equal(2u << 30, Allocate("b"));
    }

    [Fact]
    public void A_node_that_gives_fewer_ids_than_before_finds_room_beside_those_that_have_more()
    {
        _options = _options with { IdsPerPod = 131072 };
        Assert.Equal(131072u, Allocate("a", 131072));
        _options = _options with { IdsPerPod = 65536 };

        Assert.Equal(65536u, Allocate("b", 65536));
        Assert.Equal(262144u, Allocate("c", 65536));
    }

    [Fact]
    public void A_file_that_nobody_understands_gives_its_range_to_nobody()
    {
        Allocate("a");
        File.WriteAllText(_paths.UserNamespace("a"), "{");

        Assert.Throws<UserNamespaceException>(() => Allocate("a"));
        Assert.StartsWith(
            "create user namespace: pod \"a\" has an unknown one: user namespace: invalid ",
            Assert.Throws<UserNamespaceException>(() => Allocate("b")).Message);
    }

    [Fact]
    public void A_node_that_takes_fewer_pods_than_before_leaves_their_ranges_to_those_that_have_them()
    {
        Allocate("a");
        Allocate("b");
        Directory.Delete(_paths.Pod("a"), recursive: true);
        _options = _options with { MaxPods = 1 };

        Assert.Equal(131072u, Allocate("b"));
        Assert.Equal(65536u, Allocate("c"));
    }

    [Fact]
    public void A_node_that_gives_more_ids_than_before_leaves_pods_theirs_and_gives_none_of_them_to_others()
    {
        Allocate("a");
        Allocate("b");
        _options = _options with { MaxPods = 3, IdsPerPod = 131072 };

        Assert.Equal(65536u, Allocate("a"));
        Assert.Equal(131072u, Allocate("b"));
        Assert.Equal(262144u, Allocate("c", 131072));
        Directory.Delete(_paths.Pod("b"), recursive: true);
        Assert.Equal(131072u, Allocate("d", 131072));
        _options = _options with { IdsPerPod = 65536 };
        Assert.Equal(262144u, Allocate("c", 131072));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(true)]
    public void Other_pods_have_the_machines(bool? hostUsers)
    {
        var pod = Pod("a", hostUsers);
        var namespaces = New();
        namespaces.Allocate(pod, "unheard of");

        Assert.Equal(new UserNamespace { Mode = NamespaceMode.Node }, namespaces.Of(pod));
        Assert.False(Directory.Exists(_paths.Pod("a")));
    }

    [Theory]
    [InlineData("plain", "RuntimeClass handler \"plain\" does not support user namespaces")]
    [InlineData("none", "RuntimeClass handler \"none\" does not support user namespaces: the handler \"none\" is not known")]
    public void A_runtime_that_cannot_is_not_asked(string handler, string message)
    {
        var refusal = Assert.Throws<UserNamespaceException>(() => New().Allocate(Pod("a", false), handler));

        Assert.Equal($"can't set `spec.hostUsers: false`, {message}", refusal.Message);
        Assert.False(File.Exists(_paths.UserNamespace("a")));
    }

    [Fact]
    public void A_runtime_that_says_it_cannot_is_not_asked_either()
    {
        _runtime.Up(Abilities(("", false)));

        Assert.Equal(
            "can't set `spec.hostUsers: false`, runtime does not support user namespaces",
            Assert.Throws<UserNamespaceException>(() => Allocate("a")).Message);
    }

    [Fact]
    public async Task The_runtime_is_told_of_the_range_for_sandbox_containers_and_mounts()
    {
        using var node = new PodObserver(Abilities(("", true)));
        var pod = PodFieldTable.Baseline();
        pod.Spec.HostUsers = false;

        const string ids = "[ { \"hostId\": 65536, \"length\": 65536 } ]";
        Assert.Contains(
            $"\"usernsOptions\": {{ \"uids\": {ids}, \"gids\": {ids} }}", await node.ObserveAsync(pod, Aspect.Sandbox));
        var containers = await node.ObserveAsync(pod, Aspect.Containers);
        Assert.Contains($"\"usernsOptions\": {{ \"uids\": {ids}, \"gids\": {ids} }}", containers);
        Assert.Contains($"\"uidMappings\": {ids}, \"gidMappings\": {ids}", containers);
    }

    private static RuntimeAbilities Abilities(params (string Handler, bool Can)[] handlers)
    {
        var answer = new StatusResponse();
        answer.RuntimeHandlers.AddRange(handlers.Select(static h => new RuntimeHandler
        {
            Name = h.Handler, Features = new RuntimeHandlerFeatures { UserNamespaces = h.Can },
        }));
        return RuntimeAbilities.From(answer);
    }

    /// <summary>By an agent that has just started; the first id that the pod has.</summary>
    private uint Allocate(string uid, uint? length = null)
    {
        var (pod, namespaces) = (Pod(uid, false), New());
        namespaces.Allocate(pod, "");
        var given = namespaces.Of(pod);
        Assert.Equal((NamespaceMode.Pod, given.Uids), (given.Mode, given.Gids));
        Assert.Equal(length ?? given.Uids.Single().Length, given.Uids.Single().Length);
        return given.Uids.Single().HostId;
    }

    private PodUserNamespaces New() => new(_options, _paths, _runtime);

    private static V1Pod Pod(string uid, bool? hostUsers)
    {
        var pod = TestPods.Pod(uid, TestPods.Service("c"));
        (pod.Metadata.Uid, pod.Spec.HostUsers) = (uid, hostUsers);
        return pod;
    }
}
