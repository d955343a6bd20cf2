using System.Text;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Shipping;
using OrleansOrchestrator.NodeAgent.Logs.Shipping;
using OrleansOrchestrator.NodeAgent.PodRecords;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Logs.Shipping;

/// <summary>All lines of all containers reach the cluster once, whatever it answers meanwhile.</summary>
public sealed class LogShipperTests : IDisposable
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    private readonly string _root = Directory.CreateTempSubdirectory("orc-shipper").FullName;
    private readonly ShippingCounts _counts = new();
    private readonly LogSources _sources;
    private readonly Cluster _cluster = new();
    private readonly LogShipper _shipper;
    private long _time = 1_700_000_000_000_000_000;

    public LogShipperTests()
    {
        _sources = new LogSources(
            new NodeAgentOptions { NodeName = "n", PodLogsDirectory = _root }, TimeProvider.System);
        _shipper = new LogShipper(
            _sources, _cluster, new NoPods(), _counts, TimeProvider.System, NullLogger<LogShipper>.Instance);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Lines_of_all_containers_are_sent_as_they_come()
    {
        Write("web", "one");
        Write("db", "two");
        await _shipper.RoundAsync(Token);
        Write("web", "three");
        await _shipper.RoundAsync(Token);
        await _shipper.RoundAsync(Token);
        Assert.Equal(["db: two", "web: one", "web: three"], _cluster.Kept.Order());
        Assert.Equal(3, _counts.Sent);
    }

    [Fact]
    public async Task What_fails_and_what_the_cluster_has_already_is_not_lost_and_not_sent_twice()
    {
        Write("web", "one");
        _cluster.FailsNext = true;
        await Assert.ThrowsAsync<HttpRequestException>(() => _shipper.RoundAsync(Token));
        _cluster.LosesNextAnswer = true;
        await Assert.ThrowsAsync<HttpRequestException>(() => _shipper.RoundAsync(Token));
        Write("web", "two");
        await _shipper.RoundAsync(Token);
        await _shipper.RoundAsync(Token);
        Assert.Equal(["web: one", "web: two"], _cluster.Kept);
    }

    [Fact]
    public async Task Logs_that_are_deleted_are_sent_all_the_same_once_the_cluster_knows_them()
    {
        Write("web", "last words");
        var pod = Path.Combine(_root, "a_web_uid-web");
        _cluster.KnowsPods = false;
        _sources.Hold(pod);
        Directory.Delete(pod, recursive: true);
        await _shipper.RoundAsync(Token);
        Assert.Empty(_cluster.Kept);
        _cluster.KnowsPods = true;
        await _shipper.RoundAsync(Token);
        Assert.Equal(["web: last words"], _cluster.Kept);
        await _shipper.RoundAsync(Token);
        Assert.Empty(_sources.Scan());
        Assert.Equal(0, _counts.FilesLost);
    }

    [Fact]
    public async Task A_pod_that_ends_at_once_is_made_known_before_it_goes()
    {
        // A clock that stands still: only the wish can start the round.
        using var shipper = new LogShipper(
            _sources, _cluster, new NoPods(), _counts, new StoppedTime(), NullLogger<LogShipper>.Instance);
        await shipper.StartAsync(Token);
        Write("web", "last words");
        var pod = Path.Combine(_root, "a_web_uid-web");

        await _sources.MakeKnownAsync(pod, Token);
        Assert.All(_sources.Scan(), static l => Assert.NotEqual(0, l.Stream));

        // Known ones are not asked for again, and a cluster that does not answer keeps nobody.
        await _sources.MakeKnownAsync(pod, Token);
        _cluster.KnowsPods = false;
        Write("db", "more");
        await _sources.MakeKnownAsync(Path.Combine(_root, "a_db_uid-db"), Token);
        await shipper.StopAsync(Token);
    }

    private void Write(string pod, string line)
    {
        var home = Directory.CreateDirectory(Path.Combine(_root, $"a_{pod}_uid-{pod}", "main")).FullName;
        File.AppendAllText(Path.Combine(home, "0.log"), $"{LogTime.Format(_time += 1000)} stdout F {line}\n");
    }

    /// <summary>No timer of it ever fires.</summary>
    private sealed class StoppedTime : TimeProvider
    {
        public override ITimer CreateTimer(
            TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Never();

        private sealed class Never : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    /// <summary>What the API does, in a few lists.</summary>
    private sealed class Cluster : ILogSink
    {
        private readonly List<StreamName> _names = [];
        private readonly List<LogPosition> _positions = [];

        public List<string> Kept { get; } = [];

        public bool KnowsPods { get; set; } = true;

        public bool FailsNext { get; set; }

        public bool LosesNextAnswer { get; set; }

        public Task<IReadOnlyList<LogStreamAnswer>> OpenAsync(
            IReadOnlyCollection<StreamName> streams, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<LogStreamAnswer>>([.. streams.Select(Open)]);

        public Task<SendResult> SendAsync(byte[] batch, CancellationToken cancellationToken)
        {
            if (FailsNext)
            {
                FailsNext = false;
                throw new HttpRequestException("not now");
            }

            var sent = LogBatch.Decode(batch);
            if (sent.Runs.Any(r => _positions[(int)r.Stream - 1].Sequence != r.Sequence))
            {
                return Task.FromResult(SendResult.Moved);
            }

            var line = 0;
            foreach (var run in sent.Runs)
            {
                _positions[(int)run.Stream - 1] = run.After;
                for (var end = line + run.Count; line < end; line++)
                {
                    Kept.Add($"{_names[(int)run.Stream - 1].Pod}: {Encoding.UTF8.GetString(sent.Lines.Text(line))}");
                }
            }

            if (LosesNextAnswer)
            {
                LosesNextAnswer = false;
                throw new HttpRequestException("the connection was lost");
            }

            return Task.FromResult(SendResult.Kept);
        }

        private LogStreamAnswer Open(StreamName name)
        {
            if (!KnowsPods)
            {
                return new LogStreamAnswer();
            }

            var at = _names.IndexOf(name);
            if (at < 0)
            {
                at = _names.Count;
                _names.Add(name);
                _positions.Add(default);
            }

            return new LogStreamAnswer(at + 1, _positions[at].File, _positions[at].Offset, _positions[at].Sequence);
        }
    }

    private sealed class NoPods : IPodRegistry
    {
        public IReadOnlyList<V1Pod> List() => [];

        public PodEntry? Find(string podNamespace, string podName) => null;

        public PodEntry? FindByUid(string uid) => null;
    }
}
