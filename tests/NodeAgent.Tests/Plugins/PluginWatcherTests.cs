using Grpc.Core;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Plugins;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Plugins;

/// <summary>Plugins that come, are refused, fail and go, by real sockets in a real directory.</summary>
public sealed class PluginWatcherTests : IAsyncLifetime
{
    private readonly string _root = Directory.CreateTempSubdirectory("orc-plugins-").FullName;
    private readonly FakeCluster _cluster = new();
    private FakeCsiDriver _driver = null!;
    private PluginWatcher _watcher = null!;
    private CsiParts _parts = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private NodeAgentOptions Options => new() { NodeName = "n", DataDirectory = _root };

    public async ValueTask InitializeAsync()
    {
        _driver = await FakeCsiDriver.StartAsync();
        _cluster.NewestNode = new V1Node { Metadata = new V1ObjectMeta { Name = "n", Uid = "node-uid" } };
        _parts = new CsiParts(Options, _cluster, new NodeObject(_cluster, Options), TimeProvider.System);
        _watcher = new PluginWatcher(
            Options, new PluginRegistration([_parts.Drivers]), TimeProvider.System, NullLogger<PluginWatcher>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _watcher.StopAsync(Cancellation);
        _watcher.Dispose();
        await _driver.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task A_driver_is_registered_when_its_socket_comes_and_gone_with_it()
    {
        await _watcher.StartAsync(Cancellation);
        var socket = _driver.Appear(Options);

        Assert.True((await _driver.ToldAsync(Cancellation)).PluginRegistered);
        Assert.NotNull(_parts.Drivers.Find(FakeCsiDriver.Name));
        Assert.Equal(FakeCsiDriver.Name, Assert.Single(_cluster.CsiNode!.Spec.Drivers).Name);

        File.Delete(socket);
        await _cluster.UntilAsync(() => !_cluster.CsiNodePatches.IsEmpty, () => "CSINode without the driver");
        Assert.Null(_parts.Drivers.Find(FakeCsiDriver.Name));
        Assert.Equal(
            "{\"spec\":{\"drivers\":[{\"$patch\":\"delete\",\"name\":\"fake.csi.example.com\"}]}}",
            Assert.Single(_cluster.CsiNodePatches));

        _driver.Appear(Options);
        Assert.True((await _driver.ToldAsync(Cancellation)).PluginRegistered);
    }

    [Fact]
    public async Task A_socket_that_is_there_before_the_agent_counts_and_stays_registered_when_that_stops()
    {
        _driver.Appear(Options);
        await _watcher.StartAsync(Cancellation);
        Assert.True((await _driver.ToldAsync(Cancellation)).PluginRegistered);

        await _watcher.StopAsync(Cancellation);

        Assert.NotNull(_cluster.CsiNode);
        Assert.Empty(_cluster.CsiNodePatches);
    }

    [Fact]
    public async Task A_driver_that_fails_at_first_is_registered_when_it_works()
    {
        _driver.Refuse("NodeGetInfo", StatusCode.Unavailable, "not yet", once: true);
        _driver.Appear(Options);
        await _watcher.StartAsync(Cancellation);

        var refused = await _driver.ToldAsync(Cancellation);
        Assert.False(refused.PluginRegistered);
        Assert.Equal(
            "RegisterPlugin error -- plugin registration failed with err: rpc error: code = Unavailable desc = not yet",
            refused.Error);
        Assert.True((await _driver.ToldAsync(Cancellation)).PluginRegistered);
    }

    [Fact]
    public async Task A_driver_that_goes_while_it_is_being_registered_is_not_left_registered()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goesOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _driver.Mood = (_, _) =>
        {
            asked.TrySetResult();
            return goesOn.Task;
        };
        var socket = _driver.Appear(Options);
        await _watcher.StartAsync(Cancellation);
        await asked.Task.WaitAsync(Cancellation);

        File.Delete(socket);
        goesOn.SetResult();

        await _cluster.UntilAsync(() => !_cluster.CsiNodePatches.IsEmpty, () => "CSINode without the driver");
        Assert.Null(_parts.Drivers.Find(FakeCsiDriver.Name));
    }

    public static TheoryData<string, string, string> Refused => new()
    {
        {
            "DRAPlugin", "1.0.0",
            "RegisterPlugin error -- no handler registered for plugin type: DRAPlugin at socket SOCKET"
        },
        {
            "CSIPlugin", "",
            "RegisterPlugin error -- plugin validation failed with err: validation failed for CSI Driver " +
            "fake.csi.example.com at endpoint ENDPOINT: kubernetes.io/csi: ValidatePlugin for CSI driver " +
            "\"fake.csi.example.com\" failed. Plugin returned an empty list for supported versions"
        },
        {
            "CSIPlugin", "0.3.0,2.0.0",
            "RegisterPlugin error -- plugin validation failed with err: validation failed for CSI Driver " +
            "fake.csi.example.com at endpoint ENDPOINT: kubernetes.io/csi: ValidatePlugin for CSI driver " +
            "\"fake.csi.example.com\" failed. None of the versions specified [\"0.3.0\" \"2.0.0\"] are supported. " +
            "err=could not find a highest supported version from versions (0.3.0 2.0.0) reported by this driver"
        },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_is_no_driver_for_this_node_hears_why(string type, string versions, string says)
    {
        _driver.Self.Type = type;
        _driver.Self.SupportedVersions.Clear();
        _driver.Self.SupportedVersions.AddRange(versions.Split(',', StringSplitOptions.RemoveEmptyEntries));
        var socket = _driver.Appear(Options);
        await _watcher.StartAsync(Cancellation);

        var told = await _driver.ToldAsync(Cancellation);

        Assert.False(told.PluginRegistered);
        Assert.Equal(
            says.Replace("SOCKET", socket, StringComparison.Ordinal)
                .Replace("ENDPOINT", _driver.Socket, StringComparison.Ordinal),
            told.Error);
        Assert.Null(_cluster.CsiNode);
    }

    [Fact]
    public async Task What_is_no_socket_is_nobodys_registration()
    {
        var directory = Directory.CreateDirectory(Options.PluginsRegistryDirectory).FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "a.sock"), "", Cancellation);
        File.CreateSymbolicLink(Path.Combine(directory, ".hidden.sock"), _driver.Socket);
        await _watcher.StartAsync(Cancellation);

        _driver.Appear(Options);

        Assert.True((await _driver.ToldAsync(Cancellation)).PluginRegistered);
        Assert.Empty(_driver.Calls);
    }
}
