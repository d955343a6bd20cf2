using System.Globalization;
using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Devices.PodResourcesV1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using AlphaLister = OrleansOrchestrator.NodeAgent.Devices.PodResourcesV1Alpha1.PodResourcesLister;
using AlphaRequest = OrleansOrchestrator.NodeAgent.Devices.PodResourcesV1Alpha1.ListPodResourcesRequest;
using Lister = OrleansOrchestrator.NodeAgent.Devices.PodResourcesV1.PodResourcesLister;

namespace OrleansOrchestrator.NodeAgent.Tests.Devices;

/// <summary>The node and a plugin, over their two sockets.</summary>
public sealed class DeviceManagerTests : IAsyncLifetime
{
    private const string Resource = "example.com/gpu";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-devices-");
    private readonly NodeAgentOptions _options;
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    private DeviceParts _node;
    private FakeDevicePlugin _plugin = null!;

    public DeviceManagerTests()
    {
        _options = new NodeAgentOptions { NodeName = "n1", DataDirectory = _directory.FullName };
        _node = new DeviceParts(_options, TimeProvider.System);
    }

    public async ValueTask InitializeAsync()
    {
        await _node.Server.StartAsync(_cancellation);
        await _node.Server.Listening.WaitAsync(Patience, _cancellation);
        _plugin = await FakeDevicePlugin.StartAsync(_options.DevicePluginsDirectory);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.Server.StopAsync(CancellationToken.None);
        _node.Dispose();
        await _plugin.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_container_gets_what_the_plugin_says_for_its_devices()
    {
        await RegisterAsync("a", "b", "-c");
        var pod = Pod("p", 2);

        Assert.Null(await _node.Manager.AllocateAsync(pod, _cancellation));
        Assert.Equal(["allocate a,b"], _plugin.Calls);
        var config = new ContainerConfig { Mounts = { new Mount { ContainerPath = "/own" } } };
        _node.Manager.Apply(pod, pod.Spec.Containers[0], config);
        Assert.Equal("a,b", Assert.Single(config.Envs, static e => e.Key == "FAKE_DEVICES").Value);
        Assert.Equal(["/own", "/fake"], config.Mounts.Select(static m => m.ContainerPath));
        Assert.Equal(
            [("/dev/a", "/dev/null", "rw"), ("/dev/b", "/dev/null", "rw")],
            config.Devices.Select(static d => (d.ContainerPath, d.HostPath, d.Permissions)));
        Assert.Equal("a,b", config.Annotations["fake.example.com/devices"]);
    }

    [Fact]
    public async Task What_the_pod_says_itself_is_stronger()
    {
        await RegisterAsync("a");
        var pod = Pod("p", 1);
        await _node.Manager.AllocateAsync(pod, _cancellation);

        var config = new ContainerConfig { Envs = { new KeyValue { Key = "FAKE_DEVICES", Value = "mine" } } };
        _node.Manager.Apply(pod, pod.Spec.Containers[0], config);
        Assert.Equal("mine", Assert.Single(config.Envs).Value);
    }

    [Fact]
    public async Task A_device_is_one_containers_until_its_pod_ends()
    {
        await RegisterAsync("a", "b");
        Assert.Null(await _node.Manager.AllocateAsync(Pod("one", 1), _cancellation));
        Assert.Equal(
            "requested number of devices unavailable for example.com/gpu. Requested: 2, Available: 1",
            await _node.Manager.AllocateAsync(Pod("two", 2), _cancellation));

        _node.Manager.Release("uid-of-one");
        Assert.Null(await _node.Manager.AllocateAsync(Pod("two", 2), _cancellation));
        Assert.Equal(["allocate a", "allocate a,b"], _plugin.Calls);
    }

    [Fact]
    public async Task More_than_any_node_has_is_refused_too()
    {
        await RegisterAsync("a");
        var pod = Pod("p", 1);
        pod.Spec.Containers[0].Resources.Limits[Resource] = new("3000000000");

        Assert.Equal(
            "requested number of devices unavailable for example.com/gpu. Requested: 2147483647, Available: 1",
            await _node.Manager.AllocateAsync(pod, _cancellation));
    }

    [Fact]
    public async Task Init_containers_leave_theirs_to_the_others_and_sidecars_keep_them()
    {
        await RegisterAsync("a", "b", "c");
        var pod = Pod("p", 2);
        pod.Spec.InitContainers = [Container("init", 1), Container("sidecar", 1)];
        pod.Spec.InitContainers[1].RestartPolicy = "Always";

        Assert.Null(await _node.Manager.AllocateAsync(pod, _cancellation));
        Assert.Equal(["allocate a", "allocate a", "allocate b,c"], _plugin.Calls);
    }

    [Fact]
    public async Task A_plugin_is_asked_which_it_prefers_if_it_says_so()
    {
        _plugin.Options.GetPreferredAllocationAvailable = true;
        _plugin.Preferred = ["c"];
        await RegisterAsync("a", "b", "c");

        Assert.Null(await _node.Manager.AllocateAsync(Pod("p", 2), _cancellation));
        Assert.Equal(["prefer 2 of a,b,c with ", "allocate c,a"], _plugin.Calls);
    }

    [Fact]
    public async Task A_plugin_makes_devices_ready_before_each_start_if_it_says_so()
    {
        _plugin.Options.PreStartRequired = true;
        await RegisterAsync("a");
        var pod = Pod("p", 1);
        await _node.Manager.AllocateAsync(pod, _cancellation);

        await _node.Manager.PrepareAsync(pod, pod.Spec.Containers[0], _cancellation);
        await _node.Manager.PrepareAsync(pod, pod.Spec.Containers[0], _cancellation);
        Assert.Equal(["allocate a", "prepare a", "prepare a"], _plugin.Calls);
    }

    [Fact]
    public async Task What_the_plugin_refuses_is_told_and_nothing_is_taken()
    {
        await RegisterAsync("a");
        _plugin.Refusal = "the device is busy";
        Assert.Equal(
            "rpc error: code = Unknown desc = the device is busy",
            await _node.Manager.AllocateAsync(Pod("one", 1), _cancellation));

        _plugin.Refusal = null;
        Assert.Null(await _node.Manager.AllocateAsync(Pod("two", 1), _cancellation));
    }

    /// <summary>Pods with devices wait behind each other.</summary>
    [Fact]
    public async Task A_plugin_that_hangs_holds_up_other_pods_for_a_while_only()
    {
        await RegisterAsync("a", "b");
        Assert.Null(await _node.Manager.AllocateAsync(Pod("one", 1), _cancellation));
        Assert.NotEqual(DateTime.MaxValue, _plugin.AllocateDeadline);

        _plugin.Refusal = "late";
        _plugin.RefusalCode = StatusCode.DeadlineExceeded;
        Assert.Equal(
            "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
            await _node.Manager.AllocateAsync(Pod("two", 1), _cancellation));
        _plugin.Refusal = null;
        Assert.Null(await _node.Manager.AllocateAsync(Pod("three", 1), _cancellation));
    }

    [Fact]
    public async Task After_a_restart_of_the_agent_containers_have_their_devices_still()
    {
        await RegisterAsync("a", "b");
        var pod = Pod("p", 1);
        await _node.Manager.AllocateAsync(pod, _cancellation);

        await _node.Server.StopAsync(CancellationToken.None);
        _node.Dispose();
        await _plugin.DisposeAsync();
        _node = new DeviceParts(_options, TimeProvider.System);
        Assert.Equal("0", _node.Inventory.Amounts.All[Resource].ToString());
        Assert.Equal(
            "no healthy devices present; cannot allocate unhealthy devices example.com/gpu",
            await _node.Manager.AllocateAsync(Pod("late", 1), _cancellation));
        var config = new ContainerConfig();
        await _node.Manager.PrepareAsync(pod, pod.Spec.Containers[0], _cancellation);
        _node.Manager.Apply(pod, pod.Spec.Containers[0], config);
        Assert.Equal("a", Assert.Single(config.Envs).Value);

        await InitializeAsync();
        await RegisterAsync("a", "b");
        Assert.Null(await _node.Manager.AllocateAsync(Pod("late", 1), _cancellation));
        Assert.Equal(["allocate b"], _plugin.Calls);
        _node.Manager.Keep(static _ => false);
        Assert.Empty(_node.Allocations.InUse(Resource));
    }

    /// <summary>The agent may end when the devices are given and before the pod has begun, or between two of them.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_pod_that_has_its_devices_is_admitted_again_where_the_pod_is_what_counts(int given)
    {
        await RegisterAsync("a", "b");
        _node.Inventory.Set(
            Resource, new Dictionary<string, bool> { ["a"] = true, ["b"] = true },
            new Dictionary<string, NumaSet> { ["a"] = NumaSet.Of(0), ["b"] = NumaSet.Of(0) });
        var options = _options with
        {
            Resources = new ResourceOptions
            {
                TopologyPolicy = "single-numa-node", TopologyScope = ResourceOptions.PodScope,
            },
        };
        using var topology = new TopologyManager(
            options, PinningParts.Machine, [_node.Manager], _node.Meters, TimeProvider.System);
        var pod = Pod("p", 1);
        pod.Spec.Containers.Add(Container("d", 1));
        foreach (var container in pod.Spec.Containers.Take(given))
        {
            await _node.Manager.AllocateAsync(pod, container, nodes: null, _cancellation);
        }

        Assert.Null(await topology.AdmitAsync(pod, _cancellation));
        Assert.Equal(["allocate a", "allocate b"], _plugin.Calls);
        Assert.Equal("TopologyAffinityError", (await topology.AdmitAsync(Pod("q", 1), _cancellation))?.Reason);
    }

    [Fact]
    public async Task What_cannot_be_written_down_is_not_given()
    {
        await RegisterAsync("a");
        var file = Path.Combine(_options.DataDirectory, "allocated_devices_state.new");
        Directory.CreateDirectory(file);

        await Assert.ThrowsAnyAsync<UnauthorizedAccessException>(
            () => _node.Manager.AllocateAsync(Pod("one", 1), _cancellation));
        Assert.Empty(_node.Allocations.InUse(Resource));

        Directory.Delete(file);
        Assert.Null(await _node.Manager.AllocateAsync(Pod("two", 1), _cancellation));
    }

    [Fact]
    public async Task Whether_the_devices_of_a_container_work_is_known_and_told()
    {
        await RegisterAsync("a", "b");
        var pod = Pod("p", 2);
        Assert.Empty(_node.Manager.HealthOf(pod, pod.Spec.Containers[0]));
        await _node.Manager.AllocateAsync(pod, _cancellation);
        var told = new List<string>();
        _node.Manager.HealthChanged += told.Add;

        Assert.Equal("a Healthy, b Healthy", Health());
        _node.Inventory.Set(Resource, new Dictionary<string, bool> { ["a"] = false });
        Assert.Equal("a Unhealthy, b Unknown", Health());
        _node.Inventory.Lose(Resource);
        Assert.Equal("a Unknown, b Unknown", Health());
        Assert.Equal([pod.Metadata.Uid, pod.Metadata.Uid], told);

        string Health()
        {
            var status = Assert.Single(_node.Manager.HealthOf(pod, pod.Spec.Containers[0]));
            Assert.Equal(Resource, status.Name);
            return string.Join(", ", status.Resources.OrderBy(static d => d.ResourceID, StringComparer.Ordinal)
                .Select(static d => $"{d.ResourceID} {d.Health}"));
        }
    }

    [Fact]
    public async Task A_plugin_that_goes_takes_its_devices_along()
    {
        await RegisterAsync("a");
        var gone = ChangedAsync();
        await _plugin.DisposeAsync();
        await gone;

        var (all, working) = _node.Inventory.Amounts;
        Assert.Equal(("1", "0"), (all[Resource].ToString(), working[Resource].ToString()));
    }

    [Fact]
    public async Task A_plugin_that_registers_again_takes_its_own_place()
    {
        await RegisterAsync("a");
        await using var other = await FakeDevicePlugin.StartAsync(_options.DevicePluginsDirectory, "other");
        var changed = ChangedAsync();
        await other.RegisterAsync(Resource);
        other.Tell("x", "y");
        await changed;

        Assert.Equal(["x", "y"], _node.Inventory.Healthy(Resource)!.Order());
        Assert.Null(await _node.Manager.AllocateAsync(Pod("p", 1), _cancellation));
        Assert.Equal(["allocate x"], other.Calls);
    }

    [Theory]
    [InlineData(
        Resource, "v1alpha",
        "requested API version \"v1alpha\" is not supported by kubelet. Supported version is [\"v1beta1\"]")]
    [InlineData("gpu", "v1beta1", "the ResourceName \"gpu\" is invalid")]
    [InlineData("kubernetes.io/gpu", "v1beta1", "the ResourceName \"kubernetes.io/gpu\" is invalid")]
    [InlineData("example.com/a b", "v1beta1", "the ResourceName \"example.com/a b\" is invalid")]
    public async Task A_plugin_that_cannot_be_taken_hears_why(string resource, string version, string problem)
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(() => _plugin.RegisterAsync(resource, version));

        Assert.Equal((StatusCode.Unknown, problem), (refusal.StatusCode, refusal.Status.Detail));
    }

    [Fact]
    public async Task Others_learn_which_container_has_which_devices()
    {
        await RegisterAsync("b", "a", "-c");
        var pod = Pod("p", 1);
        await _node.Manager.AllocateAsync(pod, _cancellation);
        var ended = Pod("ended", 0);
        ended.Status = new V1PodStatus { Phase = "Succeeded" };
        _node.Pods.All.AddRange([pod, ended]);
        using var channel = UnixChannels.Open(Path.Combine(_options.PodResourcesDirectory, "kubelet.sock"));
        var client = new Lister.PodResourcesListerClient(channel);

        var all = await client.ListAsync(new ListPodResourcesRequest(), cancellationToken: _cancellation);
        var one = await client.GetAsync(
            new GetPodResourcesRequest { PodName = "p", PodNamespace = "default" }, cancellationToken: _cancellation);
        Assert.Equal(all.PodResources, [one.PodResources]);
        var container = Assert.Single(one.PodResources.Containers);
        Assert.Equal(("c", Resource, "a"), (
            container.Name, Assert.Single(container.Devices).ResourceName,
            Assert.Single(container.Devices[0].DeviceIds)));
        var working = await client.GetAllocatableResourcesAsync(
            new AllocatableResourcesRequest(), cancellationToken: _cancellation);
        Assert.Equal(["a", "b"], working.Devices.Select(static d => Assert.Single(d.DeviceIds)));
        var missing = await Assert.ThrowsAsync<RpcException>(() => client.GetAsync(
            new GetPodResourcesRequest { PodName = "q", PodNamespace = "default" },
            cancellationToken: _cancellation).ResponseAsync);
        Assert.Equal("pod q in namespace default not found", missing.Status.Detail);
        var told = await new AlphaLister.PodResourcesListerClient(channel).ListAsync(
            new AlphaRequest(), cancellationToken: _cancellation);
        Assert.Equal(
            """{ "podResources": [ { "name": "p", "namespace": "default", "containers": [ { "name": "c", """
            + $$"""
                "devices": [ { "resourceName": "{{Resource}}", "deviceIds": [ "a" ] } ] } ] } ] }
                """,
            told.ToString());

        var text = new MetricsText();
        _node.Meters.Write(text);
        Assert.Contains(
            "kubelet_pod_resources_endpoint_requests_total{server_api_version=\"v1alpha1\"} 1\n", text.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pods_without_devices_ask_no_plugin()
    {
        await RegisterAsync("a");
        var pod = TestPods.Pod("p", TestPods.Service("c"));

        Assert.Null(await _node.Manager.AllocateAsync(pod, _cancellation));
        Assert.Empty(_plugin.Calls);
        Assert.False(_node.Manager.Serves("example.com/other"));
    }

    private async Task RegisterAsync(params string[] devices)
    {
        var changed = ChangedAsync();
        await _plugin.RegisterAsync(Resource);
        _plugin.Tell(devices);
        await changed;
    }

    private Task ChangedAsync()
    {
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _node.Inventory.Changed += () => changed.TrySetResult();
        return changed.Task.WaitAsync(Patience, _cancellation);
    }

    private static V1Pod Pod(string name, int devices)
    {
        var pod = TestPods.Pod(name, Container("c", devices));
        pod.Metadata.Uid = $"uid-of-{name}";
        return pod;
    }

    private static V1Container Container(string name, int devices)
    {
        var container = TestPods.Service(name);
        container.Resources = new V1ResourceRequirements
        {
            Limits = new Dictionary<string, ResourceQuantity>
            {
                [Resource] = new(devices.ToString(CultureInfo.InvariantCulture)),
            },
        };
        return container;
    }
}
