using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.StaticPods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.StaticPods;

/// <summary>What the directory of manifests holds, and what the node is told to run.</summary>
public sealed class ManifestFollowerTests : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("orc-manifests-").FullName;
    private readonly Ticks _time = new();
    private readonly FakeCluster _cluster = new();
    private readonly StaticPodSource _source = new(TimeProvider.System);
    private readonly ConcurrentDictionary<string, string> _running = new();
    private EventRecorder? _events;
    private ManifestFollower? _follower;

    private string Place => Path.Combine(_root, "manifests");

    public async ValueTask DisposeAsync()
    {
        if (_follower is not null)
        {
            await _follower.StopAsync(CancellationToken.None);
            await _events!.StopAsync(CancellationToken.None);
            _follower.Dispose();
            _events.Dispose();
        }

        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task Files_come_change_and_go()
    {
        Directory.CreateDirectory(Place);
        Write("a.yaml", "a", "one");
        Write(".hidden.yaml", "hidden", "one");
        Directory.CreateDirectory(Path.Combine(Place, "sub"));
        await StartAsync(Place);
        await UntilAsync("a-node one");

        Write("b.json", "b", "one");
        await UntilAsync("a-node one", "b-node one");

        Write("a.yaml", "a", "two");
        await UntilAsync("a-node two", "b-node one");

        File.Delete(Path.Combine(Place, "b.json"));
        await UntilAsync("a-node two");

        File.Move(Path.Combine(Place, "a.yaml"), Path.Combine(Place, ".a.yaml"));
        await UntilAsync();
    }

    [Fact]
    public async Task What_cannot_be_used_is_counted_and_ends_at_the_next_check()
    {
        Directory.CreateDirectory(Place);
        Write("a.yaml", "a", "one");
        await StartAsync(Place);
        await UntilAsync("a-node one");

        await File.WriteAllTextAsync(Path.Combine(Place, "a.yaml"), "half of a");
        Write("b.yaml", "b", "one");
        await UntilAsync("a-node one", "b-node one"); // it may be half written
        var counted = Failures();
        Assert.True(counted > 0);

        _time.Tick();
        await UntilAsync("b-node one");
        Assert.True(Failures() > counted);
    }

    private long Failures()
    {
        var text = new MetricsText();
        _follower!.Failures.Write(text);
        return long.Parse(text.ToString().TrimEnd().Split(' ')[^1], CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_directory_that_comes_later_is_found()
    {
        await StartAsync(Place);
        await _source.Synced; // as upstream, a directory that is not there has been read
        Directory.CreateDirectory(Place);
        Write("a.yaml", "a", "one");
        _time.Tick();
        await UntilAsync("a-node one");

        Write("b.yaml", "b", "one");
        await UntilAsync("a-node one", "b-node one");
    }

    [Fact]
    public async Task One_file_can_be_followed_too()
    {
        Directory.CreateDirectory(Place);
        var file = Write("a.yaml", "a", "one");
        Write("b.yaml", "b", "one");
        await StartAsync(file);
        await UntilAsync("a-node one");
    }

    [Fact]
    public async Task Of_two_files_with_one_name_the_first_counts_and_an_event_tells()
    {
        Directory.CreateDirectory(Place);
        Write("2.yaml", "a", "two");
        Write("1.yaml", "a", "one");
        await StartAsync(Place);
        await UntilAsync("a-node one");

        await _cluster.UntilAsync(
            () => _cluster.Events.Any(e => e.Reason == "FailedValidation"
                && e.Message.EndsWith("due to duplicate pod name \"a-node\", ignoring", StringComparison.Ordinal)),
            () => "an event");
    }

    [Fact]
    public async Task Without_a_path_nothing_runs()
    {
        await StartAsync("");
        await _source.Synced;
        Assert.Empty(_running);
    }

    private async Task StartAsync(string path)
    {
        var options = new NodeAgentOptions { NodeName = "node", StaticPodPath = path };
        _source.Changed += (change, pod) =>
        {
            if (change == PodChange.Set)
            {
                _running[pod.Metadata.Name] = pod.Spec.Containers[0].Image;
                return;
            }

            _running.TryRemove(pod.Metadata.Name, out _);
            _ = EndAsync(pod.Metadata.Uid);
        };
        _events = new EventRecorder(_cluster, options, TimeProvider.System, NullLogger<EventRecorder>.Instance);
        await _events.StartAsync(CancellationToken.None);
        _follower = new ManifestFollower(
            options, _source, _events, _time, NullLogger<ManifestFollower>.Instance);
        await _follower.StartAsync(CancellationToken.None);
    }

    /// <summary>Its worker has ended it: later, and by a thread of its own.</summary>
    private async Task EndAsync(string uid)
    {
        await Task.Yield();
        _source.Ended(uid);
    }

    private string Write(string file, string name, string image)
    {
        var path = Path.Combine(Place, file);
        File.WriteAllText(path, Manifests.Web
            .Replace("name: web", $"name: {name}", StringComparison.Ordinal)
            .Replace("image: i", $"image: {image}", StringComparison.Ordinal));
        return path;
    }

    private Task UntilAsync(params string[] pods) => _cluster.UntilAsync(
        () => Running().SequenceEqual(pods), () => $"{string.Join(", ", pods)}; has {string.Join(", ", Running())}",
        poll: true);

    private IEnumerable<string> Running() =>
        _running.Select(p => $"{p.Key} {p.Value}").Order(StringComparer.Ordinal);

    /// <summary>A clock whose timers go when the test says so, and once at their start.</summary>
    private sealed class Ticks : TimeProvider
    {
        private TimerCallback? _callback;

        public void Tick() => _callback!(null);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _callback = callback;
            callback(state);
            return TimeProvider.System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
