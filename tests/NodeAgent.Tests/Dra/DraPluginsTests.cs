using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Plugins;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Dra;

/// <summary>Plugins of drivers that come, are refused, end and go, in the kubelet's words.</summary>
public sealed class DraPluginsTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-drivers-");
    private readonly NodeAgentOptions _options;
    private readonly FakeCluster _cluster = new();
    private readonly DraParts _node;
    private FakeDraDriver _driver = null!;

    public DraPluginsTests()
    {
        _options = new NodeAgentOptions { NodeName = "n1", DataDirectory = _directory.FullName };
        _node = new DraParts(_options, _cluster, TimeProvider.System);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _driver = await FakeDraDriver.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _node.Dispose();
        await _driver.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData("v1.DRAPlugin", null)]
    [InlineData("v9.DRAPlugin v1beta1.DRAPlugin", null)]
    [InlineData("", "empty list of supported gRPC services (aka supported versions)")]
    [InlineData(
        "v9.DRAPlugin 1.0.0",
        "none of services supported by the plugin ([\"v9.DRAPlugin\" \"1.0.0\"]) are supported by the kubelet " +
        "([\"v1.DRAPlugin\" \"v1beta1.DRAPlugin\"])")]
    public void A_plugin_has_to_know_a_service_that_the_node_knows(string services, string? problem) => Assert.Equal(
        problem is null ? null : $"invalid supported gRPC versions of DRA driver plugin d at endpoint /e: {problem}",
        _node.Plugins.Problem(
            new Plugin("d", "/e", services.Split(' ', StringSplitOptions.RemoveEmptyEntries))));

    [Fact]
    public async Task One_endpoint_is_one_plugins()
    {
        await _node.RegisterAsync(_driver, Cancellation);
        var problem = await Assert.ThrowsAsync<PluginException>(() => _node.RegisterAsync(_driver, Cancellation));
        Assert.Equal(
            $"endpoint {_driver.Self.Endpoint} already registered for DRA driver plugin gpu.example.com",
            problem.Message);
    }

    [Fact]
    public async Task A_driver_is_usable_while_one_of_its_plugins_is_connected_and_that_one_is_asked()
    {
        await using var newer = await FakeDraDriver.StartAsync();
        await AfterChangeAsync(() => _node.RegisterAsync(_driver, Cancellation), true);
        await AfterChangeAsync(() => _node.RegisterAsync(newer, Cancellation), true, connected: newer);
        Assert.Equal(newer.Self.Endpoint, _node.Plugins.Get(_driver.Name).Endpoint);

        await AfterChangeAsync(newer.StopAsync, true, connected: _driver);
        Assert.Equal(_driver.Self.Endpoint, _node.Plugins.Get(_driver.Name).Endpoint);

        await AfterChangeAsync(_driver.StopAsync, false);
        Assert.Equal(newer.Self.Endpoint, _node.Plugins.Get(_driver.Name).Endpoint);

        await AfterChangeAsync(_driver.StartAsync, true); // connected again by itself
        Assert.Equal(_driver.Self.Endpoint, _node.Plugins.Get(_driver.Name).Endpoint);
    }

    [Fact]
    public async Task A_plugin_registers_at_its_socket_and_goes_with_it()
    {
        using var watcher = new PluginWatcher(
            _options, new PluginRegistration([_node.Plugins]), TimeProvider.System, NullLogger<PluginWatcher>.Instance);
        await watcher.StartAsync(Cancellation);
        var socket = "";
        await AfterChangeAsync(async () => socket = await _driver.AppearAsync(_options), true);

        await AfterChangeAsync(
            () =>
            {
                File.Delete(socket);
                return Task.CompletedTask;
            },
            false);
        var problem = Assert.Throws<DraException>(() => _node.Plugins.Get(_driver.Name));
        Assert.Equal("DRA driver gpu.example.com is not registered", problem.Message);
        await watcher.StopAsync(Cancellation);
    }

    /// <summary>Waits for the news after which the driver is usable, or is not.</summary>
    private async Task AfterChangeAsync(Func<Task> act, bool isUsable, FakeDraDriver? connected = null)
    {
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(string driver)
        {
            if (_node.Plugins.IsUsable(driver) == isUsable
                && (connected is null || _node.Plugins.Get(driver).Endpoint == connected.Self.Endpoint))
            {
                changed.TrySetResult();
            }
        }

        _node.Plugins.Changed += Look;
        await act();
        await changed.Task.WaitAsync(Patience, Cancellation);
        _node.Plugins.Changed -= Look;
    }
}
