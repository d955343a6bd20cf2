using OrleansOrchestrator.NodeAgent.Plugins;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Dra;

/// <summary>When the node deletes what drivers have published of it.</summary>
public sealed class SliceCleanerTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-slices-");
    private readonly ManualTime _time = new();
    private readonly FakeCluster _cluster = new();
    private readonly DraParts _node;
    private FakeDraDriver _driver = null!;

    public SliceCleanerTests() => _node = new DraParts(Options, _cluster, _time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private NodeAgentOptions Options => new() { NodeName = "n1", DataDirectory = _directory.FullName };

    public async ValueTask InitializeAsync() => _driver = await FakeDraDriver.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _node.Cleaner.StopAsync(CancellationToken.None);
        _node.Dispose();
        await _driver.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task At_the_start_those_of_all_drivers_go_also_when_the_api_comes_late()
    {
        using var node = new DraParts(Options, _cluster, TimeProvider.System);
        _cluster.IsAway = true;
        await node.Cleaner.StartAsync(Cancellation);
        Assert.Equal("n1/", await NextAsync());

        _cluster.IsAway = false;
        Assert.Equal("n1/", await NextAsync());
        await node.Cleaner.StopAsync(Cancellation);
    }

    [Fact]
    public async Task Those_of_a_driver_go_half_a_minute_after_it_and_stay_when_it_comes_back()
    {
        await _node.Cleaner.StartAsync(Cancellation);
        Assert.Equal("n1/", await NextAsync());
        await UntilAsync(() => _node.RegisterAsync(_driver, Cancellation), isUsable: true);
        await UntilAsync(() => _node.DeregisterAsync(_driver, Cancellation), isUsable: false);
        await UntilAsync(() => _node.RegisterAsync(_driver, Cancellation), isUsable: true);
        Note("first");
        _time.Now += TimeSpan.FromSeconds(31);
        Note("second");
        Assert.Equal("n1/first", await NextAsync());
        _time.Now += TimeSpan.FromSeconds(31);
        Note("third");
        Assert.Equal("n1/second", await NextAsync()); // and not the driver's, due with the first: it is back in time

        await UntilAsync(_driver.StopAsync, isUsable: false); // nobody says that it has gone but its connection
        _time.Now += TimeSpan.FromSeconds(31);
        Note("fourth");
        Assert.Equal("n1/gpu.example.com", await NextAsync(static d => d.EndsWith(".com", StringComparison.Ordinal)));
    }

    /// <summary>News of a driver that was never here.</summary>
    private void Note(string driver) =>
        _ = _node.Plugins.DeregisterAsync(new Plugin(driver, "/none", []), Cancellation);

    private async Task UntilAsync(Func<Task> act, bool isUsable)
    {
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(string driver)
        {
            if (_node.Plugins.IsUsable(driver) == isUsable)
            {
                changed.TrySetResult();
            }
        }

        _node.Plugins.Changed += Look;
        await act();
        await changed.Task.WaitAsync(Patience, Cancellation);
        _node.Plugins.Changed -= Look;
    }

    private async Task<string> NextAsync(Func<string, bool>? which = null)
    {
        while (true)
        {
            var next = await _cluster.SliceDeletions.Reader.ReadAsync(Cancellation).AsTask()
                .WaitAsync(Patience, Cancellation);
            if (which?.Invoke(next) != false)
            {
                return next;
            }
        }
    }
}
