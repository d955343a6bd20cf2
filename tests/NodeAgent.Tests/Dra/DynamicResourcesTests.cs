using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Dra.V1;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using Device = OrleansOrchestrator.NodeAgent.Dra.V1.Device;

namespace OrleansOrchestrator.NodeAgent.Tests.Dra;

/// <summary>The node and drivers of dynamic resources, over their sockets, in the kubelet's words.</summary>
public sealed class DynamicResourcesTests : IAsyncLifetime
{
    private const string Prefix = "prepare dynamic resources: ";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-claims-");
    private readonly NodeAgentOptions _options;
    private readonly FakeCluster _cluster = new();
    private readonly V1Pod _pod = DraParts.Using(TestPods.Pod("p", TestPods.Service("c")), "gpu");
    private DraParts _node;
    private FakeDraDriver _driver = null!;

    public DynamicResourcesTests()
    {
        _options = new NodeAgentOptions { NodeName = "n1", DataDirectory = _directory.FullName };
        _node = new DraParts(_options, _cluster, TimeProvider.System);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Checkpoint => Path.Combine(_options.DataDirectory, "dra_manager_state");

    public async ValueTask InitializeAsync() => _driver = await FakeDraDriver.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _node.Dispose();
        await _driver.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_pod_without_claims_needs_nothing()
    {
        await _node.Manager.PrepareAsync(TestPods.Pod("plain", TestPods.Service("c")), Cancellation);
        Assert.False(File.Exists(Checkpoint));
    }

    [Fact]
    public async Task A_claim_waits_until_it_is_there_reserved_and_allocated_and_its_driver_is_here()
    {
        await IsToldAsync("fetch ResourceClaim gpu: resourceclaims.resource.k8s.io \"gpu\" not found");

        var claim = DraParts.Claim("gpu", [FakeDraDriver.DefaultName]);
        _cluster.Put(claim);
        await IsToldAsync("pod p (uid-of-p) is not allowed to use ResourceClaim gpu (uid-of-gpu)");

        var allocation = claim.Status.Allocation;
        claim.Status = DraParts.Claim("gpu", [], _pod).Status;
        claim.Status.Allocation = null;
        await IsToldAsync("ResourceClaim gpu: not allocated");

        claim.Status.Allocation = allocation;
        await IsToldAsync("DRA driver gpu.example.com is not registered");
        Assert.Empty(_node.Claims.Book.Claims);

        await _node.RegisterAsync(_driver, Cancellation);
        await _node.Manager.PrepareAsync(_pod, Cancellation);
        Assert.Equal(["prepare gpu"], _driver.Calls);
    }

    [Fact]
    public async Task A_claim_of_a_template_is_the_pods_own()
    {
        _pod.Spec.ResourceClaims[0] = new V1PodResourceClaim { Name = "gpu", ResourceClaimTemplateName = "t" };
        await IsToldAsync("pod \"default/p\", spec.resourceClaim \"gpu\": ResourceClaim not created yet");

        _pod.Status = new V1PodStatus
        {
            ResourceClaimStatuses = [new V1PodResourceClaimStatus { Name = "gpu", ResourceClaimName = "p-gpu-x" }],
        };
        var claim = DraParts.Claim("p-gpu-x", [], _pod);
        _cluster.Put(claim);
        await IsToldAsync("ResourceClaim default/p-gpu-x was not created for Pod default/p (Pod is not owner)");

        claim.Metadata.OwnerReferences =
        [
            new V1OwnerReference
            {
                ApiVersion = "v1", Kind = "Pod", Name = "p", Uid = _pod.Metadata.Uid, Controller = true,
            },
        ];
        await _node.Manager.PrepareAsync(_pod, Cancellation); // nothing that a driver would have to prepare

        _pod.Status.ResourceClaimStatuses[0].ResourceClaimName = null;
        await _node.Manager.PrepareAsync(_pod, Cancellation);
    }

    [Fact]
    public async Task Each_driver_is_asked_once_for_all_of_a_pods_claims_and_containers_get_what_they_name()
    {
        await using var nic = await FakeDraDriver.StartAsync("nic.example.com", "v1beta1.DRAPlugin");
        _driver.Prepare = static claim => new NodePrepareResourceResponse
        {
            Devices =
            {
                new Device
                {
                    PoolName = "pool", DeviceName = "large", RequestNames = { "large" },
                    CdiDeviceIds = { claim.Name + "-large" },
                },
                new Device { PoolName = "pool", DeviceName = "any", CdiDeviceIds = { claim.Name + "-any" } },
            },
        };
        await _node.RegisterAsync(_driver, Cancellation);
        await _node.RegisterAsync(nic, Cancellation);
        var pod = DraParts.Using(
            TestPods.Pod("two", TestPods.Service("all"), TestPods.Service("some"), TestPods.Service("none")),
            "both", "gpu");
        pod.Spec.Containers[1].Resources.Claims = [new Corev1ResourceClaim { Name = "gpu", Request = "small" }];
        pod.Spec.Containers[2].Resources.Claims = null;
        _cluster.Put(DraParts.Claim("both", [_driver.Name, nic.Name], pod));
        _cluster.Put(DraParts.Claim("gpu", [_driver.Name], pod));

        await _node.Manager.PrepareAsync(pod, Cancellation);

        Assert.Equal(["prepare both,gpu"], _driver.Calls);
        Assert.Equal(["old prepare both"], nic.Calls);
        Assert.Equal(["both-large", "both-any", "example.com/gpu=both", "gpu-large", "gpu-any"], CdiIds(pod, 0));
        Assert.Equal(["gpu-any"], CdiIds(pod, 1));
        Assert.Empty(CdiIds(pod, 2));
    }

    [Fact]
    public async Task The_scheduler_s_claim_for_extended_resources_gives_containers_theirs()
    {
        _driver.Prepare = static _ => new NodePrepareResourceResponse
        {
            Devices =
            {
                new Device { RequestNames = { "c-0" }, CdiDeviceIds = { "first" } },
                new Device { RequestNames = { "d-0" }, CdiDeviceIds = { "second" } },
            },
        };
        await _node.RegisterAsync(_driver, Cancellation);
        var pod = DraParts.Using(TestPods.Pod("ext", TestPods.Service("c"), TestPods.Service("d")));
        pod.Spec.Containers[0].Resources.Requests =
            new Dictionary<string, ResourceQuantity> { ["example.com/gpu"] = new("1") };
        pod.Status = new V1PodStatus
        {
            ExtendedResourceClaimStatus = new V1PodExtendedResourceClaimStatus
            {
                ResourceClaimName = "ext-extended",
                RequestMappings =
                [
                    new V1ContainerExtendedResourceRequest
                    {
                        ContainerName = "c", RequestName = "c-0", ResourceName = "example.com/gpu",
                    },
                ],
            },
        };
        _cluster.Put(DraParts.Claim("ext-extended", [_driver.Name], pod));

        await _node.Manager.PrepareAsync(pod, Cancellation);

        Assert.Equal(["first"], CdiIds(pod, 0));
        Assert.Empty(CdiIds(pod, 1));
    }

    [Fact]
    public async Task What_is_prepared_is_not_prepared_again_and_what_is_taken_back_not_again()
    {
        await ReadyAsync();
        await _node.Manager.PrepareAsync(_pod, Cancellation);
        await _node.Manager.PrepareAsync(_pod, Cancellation);
        await _node.Manager.UnprepareAsync(_pod.Metadata.Uid, Cancellation);
        await _node.Manager.UnprepareAsync(_pod.Metadata.Uid, Cancellation);

        Assert.Equal(["prepare gpu", "unprepare gpu"], _driver.Calls);
        Assert.Equal("[]", await File.ReadAllTextAsync(Checkpoint, Cancellation));
        var problem = Assert.Throws<DraException>(() => CdiIds(_pod, 0));
        Assert.Equal(
            "internal error: unable to get claim info for ResourceClaim gpu in namespace default", problem.Message);
    }

    [Fact]
    public async Task A_claim_is_taken_back_from_its_last_pod()
    {
        var other = DraParts.Using(TestPods.Pod("q", TestPods.Service("c")), "gpu");
        await ReadyAsync(_pod, other);
        await _node.Manager.PrepareAsync(_pod, Cancellation);
        await _node.Manager.PrepareAsync(other, Cancellation);

        await _node.Manager.UnprepareAsync(_pod.Metadata.Uid, Cancellation);
        Assert.Equal(["prepare gpu"], _driver.Calls);
        Assert.Equal([FakeDraDriver.CdiId("gpu")], CdiIds(other, 0));

        await _node.Manager.UnprepareAsync(other.Metadata.Uid, Cancellation);
        Assert.Equal(["prepare gpu", "unprepare gpu"], _driver.Calls);
    }

    [Fact]
    public async Task Who_comes_while_a_claim_is_taken_back_has_it_prepared_anew()
    {
        var other = DraParts.Using(TestPods.Pod("q", TestPods.Service("c")), "gpu");
        await ReadyAsync(_pod, other);
        await _node.Manager.PrepareAsync(_pod, Cancellation);
        var (asked, may) = (new TaskCompletionSource(), new TaskCompletionSource());
        _driver.Mood = async (method, _) =>
        {
            if (method == "NodeUnprepareResources")
            {
                asked.SetResult();
                await may.Task;
            }
        };

        var leave = _node.Manager.UnprepareAsync(_pod.Metadata.Uid, Cancellation);
        await asked.Task.WaitAsync(Cancellation);
        var come = _node.Manager.PrepareAsync(other, Cancellation);
        may.SetResult();
        await leave;
        await come;

        Assert.Equal(["prepare gpu", "unprepare gpu", "prepare gpu"], _driver.Calls);
        Assert.Equal([FakeDraDriver.CdiId("gpu")], CdiIds(other, 0));
    }

    [Fact]
    public async Task Who_comes_after_a_claim_was_taken_back_in_part_has_it_prepared_anew()
    {
        await using var nic = await FakeDraDriver.StartAsync("nic.example.com");
        var other = DraParts.Using(TestPods.Pod("q", TestPods.Service("c")), "gpu");
        _cluster.Put(DraParts.Claim("gpu", [_driver.Name, nic.Name], _pod, other));
        await _node.RegisterAsync(_driver, Cancellation);
        await _node.RegisterAsync(nic, Cancellation);
        await _node.Manager.PrepareAsync(_pod, Cancellation);
        nic.Refusal = "busy";
        await Assert.ThrowsAsync<DraException>(
            () => _node.Manager.UnprepareAsync(_pod.Metadata.Uid, Cancellation));

        await _node.Manager.PrepareAsync(other, Cancellation);
        await _node.Manager.UnprepareAsync(_pod.Metadata.Uid, Cancellation); // the other one has it now

        Assert.Equal(["prepare gpu", "unprepare gpu", "prepare gpu"], _driver.Calls);
        Assert.Equal(["prepare gpu", "unprepare gpu", "prepare gpu"], nic.Calls);
    }

    [Fact]
    public async Task What_a_driver_refuses_is_told_and_taken_back_all_the_same()
    {
        await ReadyAsync();
        _driver.Prepare = static _ => new NodePrepareResourceResponse { Error = "no power" };
        await IsToldAsync("NodePrepareResources failed for ResourceClaim gpu: no power");
        _driver.Prepare = static _ => null;
        await IsToldAsync("NodePrepareResources skipped 1 ResourceClaims");
        _driver.Mood = static (_, _) => throw new RpcException(new Status(StatusCode.Internal, "broken"));
        await IsToldAsync("NodePrepareResources: rpc error: code = Internal desc = broken");

        _driver.Mood = static (_, _) => Task.CompletedTask;
        _driver.Refusal = "busy";
        var problem = await Assert.ThrowsAsync<DraException>(
            () => _node.Manager.UnprepareAsync(_pod.Metadata.Uid, Cancellation));
        Assert.Equal(
            "unprepare dynamic resources: NodeUnprepareResources failed for ResourceClaim gpu: busy", problem.Message);
        Assert.NotEmpty(_node.Claims.Book.OfPod(_pod.Metadata.Uid));

        _driver.Refusal = "";
        await _node.Manager.UnprepareAsync(_pod.Metadata.Uid, Cancellation);
        Assert.Empty(_node.Claims.Book.Claims);
    }

    [Fact]
    public async Task A_claim_of_an_older_one_s_name_waits_until_that_is_taken_back()
    {
        await ReadyAsync();
        await _node.Manager.PrepareAsync(_pod, Cancellation);
        var next = DraParts.Using(TestPods.Pod("next", TestPods.Service("c")), "gpu");
        var claim = DraParts.Claim("gpu", [_driver.Name], next);
        claim.Metadata.Uid = "another";
        _cluster.Put(claim);

        await IsToldAsync(
            "old ResourceClaim with same name gpu and different UID uid-of-gpu still exists (previous pod " +
            "force-deleted?!)", next);
        await _node.Manager.UnprepareAsync(_pod.Metadata.Uid, Cancellation);
        await _node.Manager.PrepareAsync(next, Cancellation);
    }

    [Fact]
    public async Task After_a_restart_containers_have_their_devices_still_and_what_is_left_of_lost_pods_is_taken_back()
    {
        await ReadyAsync();
        await _node.Manager.PrepareAsync(_pod, Cancellation);
        RestartAgent();
        Assert.Equal([FakeDraDriver.CdiId("gpu")], CdiIds(_pod, 0));

        await _node.Manager.KeepAsync(static _ => false, Cancellation); // its driver is not here yet
        Assert.NotEmpty(_node.Claims.Book.Claims);
        await _node.RegisterAsync(_driver, Cancellation);
        await _node.Manager.KeepAsync(static uid => uid == "uid-of-p", Cancellation);
        Assert.Equal(["prepare gpu"], _driver.Calls);
        await _node.Manager.KeepAsync(static _ => false, Cancellation);
        Assert.Equal(["prepare gpu", "unprepare gpu"], _driver.Calls);
        Assert.Empty(_node.Claims.Book.Claims);
    }

    /// <summary>The file is as it was when the driver was asked: what it has answered was never written.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_crash_between_the_drivers_answer_and_the_checkpoint_loses_nothing(bool comesAgain)
    {
        await ReadyAsync();
        byte[] atCrash = [];
        _driver.Mood = async (_, cancellationToken) =>
            atCrash = await File.ReadAllBytesAsync(Checkpoint, cancellationToken);
        await _node.Manager.PrepareAsync(_pod, Cancellation);
        _driver.Mood = static (_, _) => Task.CompletedTask;
        await File.WriteAllBytesAsync(Checkpoint, atCrash, Cancellation);
        RestartAgent();
        await _node.RegisterAsync(_driver, Cancellation);

        if (comesAgain)
        {
            await _node.Manager.PrepareAsync(_pod, Cancellation);
            Assert.Equal([FakeDraDriver.CdiId("gpu")], CdiIds(_pod, 0));
        }
        else
        {
            await _node.Manager.KeepAsync(static _ => false, Cancellation);
        }

        Assert.Equal(["prepare gpu", comesAgain ? "prepare gpu" : "unprepare gpu"], _driver.Calls);
    }

    [Fact]
    public async Task Nothing_is_asked_of_a_driver_that_could_not_be_written_down()
    {
        await ReadyAsync();
        Directory.CreateDirectory(Checkpoint);

        var problem = await Assert.ThrowsAsync<DraException>(() => _node.Manager.PrepareAsync(_pod, Cancellation));

        Assert.StartsWith(Prefix + "checkpoint ResourceClaim state: ", problem.Message, StringComparison.Ordinal);
        Assert.Empty(_driver.Calls);
    }

    [Fact]
    public void A_damaged_file_is_not_taken_for_an_empty_one()
    {
        File.WriteAllText(Checkpoint, "{");
        Assert.Throws<InvalidDataException>(() => new PreparedClaims(_options));
    }

    [Fact]
    public async Task Whether_devices_work_is_told_as_long_as_their_driver_tells_it()
    {
        await using var driver = await FakeDraDriver.StartAsync("told.example.com", tellsHealth: true);
        await _node.RegisterAsync(driver, Cancellation);
        _cluster.Put(DraParts.Claim("gpu", [driver.Name], _pod));
        await _node.Manager.PrepareAsync(_pod, Cancellation);
        Assert.Equal("claim:gpu example.com/gpu=gpu Unknown", HealthText());

        await AfterNewsAsync(() => driver.TellAsync("-gpu", "other"));
        Assert.Equal("claim:gpu example.com/gpu=gpu Unhealthy", HealthText());
        await AfterNewsAsync(() => driver.TellAsync("gpu"));
        Assert.Equal("claim:gpu example.com/gpu=gpu Healthy", HealthText());

        await AfterNewsAsync(driver.StopAsync);
        Assert.Equal("claim:gpu example.com/gpu=gpu Unknown", HealthText());
        Assert.Null(_node.Manager.HealthOf(_pod, TestPods.Service("c")));
    }

    [Fact]
    public async Task Operations_calls_and_claims_in_use_are_measured_under_upstreams_names()
    {
        await ReadyAsync();
        await _node.Manager.PrepareAsync(_pod, Cancellation);
        var text = new MetricsText();
        _node.Meters.Write(text);
        _node.Claims.Book.Write(text);

        Assert.Contains(
            "dra_operations_duration_seconds_count{is_error=\"false\",operation_name=\"PrepareResources\"} 1\n",
            text.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            "dra_grpc_operations_duration_seconds_count{driver_name=\"gpu.example.com\",grpc_status_code=\"OK\"," +
            "method_name=\"/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin/NodePrepareResources\"} 1\n",
            text.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            "dra_resource_claims_in_use{driver_name=\"<any>\"} 1\n" +
            "dra_resource_claims_in_use{driver_name=\"gpu.example.com\"} 1\n",
            text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_driver_that_goes_during_a_call_is_unavailable_and_not_late()
    {
        await ReadyAsync();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _driver.Mood = (_, cancellationToken) =>
        {
            asked.SetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        };

        var told = IsToldAsync("NodePrepareResources: rpc error: code = Unavailable desc = the driver has gone");
        await asked.Task.WaitAsync(Cancellation);
        await _node.DeregisterAsync(_driver, Cancellation);
        await told;
    }

    private async Task ReadyAsync(params V1Pod[] pods)
    {
        _cluster.Put(DraParts.Claim("gpu", [_driver.Name], pods.Length > 0 ? pods : [_pod]));
        await _node.RegisterAsync(_driver, Cancellation);
    }

    private void RestartAgent()
    {
        _node.Dispose();
        _node = new DraParts(_options, _cluster, TimeProvider.System);
    }

    private async Task AfterNewsAsync(Func<Task> act)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Note(string uid) => told.TrySetResult();
        _node.Manager.PodAffected += Note;
        await act();
        await told.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        _node.Manager.PodAffected -= Note;
    }

    private string HealthText() => string.Join('\n',
        from status in _node.Manager.HealthOf(_pod, _pod.Spec.Containers[0])!
        from device in status.Resources
        select $"{status.Name} {device.ResourceID} {device.Health}");

    private List<string> CdiIds(V1Pod pod, int container)
    {
        var config = new ContainerConfig();
        _node.Manager.Apply(pod, pod.Spec.Containers[container], config);
        return [.. config.CDIDevices.Select(static d => d.Name)];
    }

    private async Task IsToldAsync(string problem, V1Pod? pod = null) => Assert.Equal(
        Prefix + problem,
        (await Assert.ThrowsAsync<DraException>(
            () => _node.Manager.PrepareAsync(pod ?? _pod, Cancellation))).Message);
}
