using System.Collections.Concurrent;
using Grpc.Core;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Plugins;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Csi;

/// <summary>How many volumes a node takes of a driver's may change, and the cluster hears of it.</summary>
public sealed class CsiLimitsTests : IAsyncLifetime
{
    private readonly NodeAgentOptions _options = new() { NodeName = "n", DataDirectory = "/unused" };
    private readonly FakeCluster _cluster = new();
    private readonly StruckTime _time = new();
    private FakeCsiDriver _driver = null!;
    private CsiDrivers _drivers = null!;
    private CsiLimits _limits = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _driver = await FakeCsiDriver.StartAsync();
        _cluster.NewestNode = new V1Node { Metadata = new V1ObjectMeta { Name = "n", Uid = "node-uid" } };
        var own = new CsiNodeObject(_cluster, _options);
        _drivers = new CsiDrivers(own);
        _limits = new CsiLimits(_drivers, own, _time, NullLogger<CsiLimits>.Instance);
        await _drivers.RegisterAsync(Plugin(), Cancellation);
        await _limits.StartAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _limits.StopAsync(CancellationToken.None);
        _limits.Dispose();
        await _drivers.DeregisterAsync(Plugin(), CancellationToken.None); // its connection would hold the driver up
        await _driver.DisposeAsync();
    }

    [Fact]
    public async Task A_driver_is_asked_as_often_as_its_CSIDriver_says()
    {
        _limits.Replace([Definition(60)]);
        _driver.Info.MaxVolumesPerNode = 5;

        _time.Strike(TimeSpan.FromSeconds(60));

        await UntilToldAsync(5);
        Assert.True(_cluster.NodePatches.Reader.TryRead(out _)); // when it registered
        Assert.False(_cluster.NodePatches.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Another_period_begins_anew_and_none_ends_it()
    {
        _limits.Replace([Definition(60)]);
        _limits.Observe(Definition(60));
        await UntilAskedEachAsync(TimeSpan.FromSeconds(60));

        _limits.Observe(Definition(30));
        await UntilAskedEachAsync(TimeSpan.FromSeconds(30));

        _limits.Observe(Definition(null));
        await UntilAskedEachAsync();
        _limits.Observe(Definition(long.MaxValue));
        await UntilAskedEachAsync(TimeSpan.FromDays(49));
        _limits.Replace([]);
        await UntilAskedEachAsync();
    }

    [Fact]
    public async Task What_fails_is_tried_again_after_the_period()
    {
        _limits.Observe(Definition(60));
        var asked = new TaskCompletionSource();
        _driver.Mood = (method, _) =>
        {
            asked.TrySetResult();
            throw FakeCsiDriver.Refusal(StatusCode.Internal, "no");
        };
        _time.Strike(TimeSpan.FromSeconds(60));
        await asked.Task.WaitAsync(Cancellation);

        _driver.Mood = static (_, _) => Task.CompletedTask;
        _driver.Info.MaxVolumesPerNode = 7;
        _time.Strike(TimeSpan.FromSeconds(60));

        await UntilToldAsync(7);
    }

    [Fact]
    public async Task A_driver_that_is_not_here_is_not_asked()
    {
        await _drivers.DeregisterAsync(Plugin(), Cancellation);
        var patches = _cluster.CsiNodePatches.Count;

        await _limits.TellAsync(FakeCsiDriver.Name, Cancellation);

        Assert.Equal(patches, _cluster.CsiNodePatches.Count);
    }

    [Fact]
    public async Task A_driver_that_goes_while_it_is_asked_is_not_put_back()
    {
        _driver.Mood = (_, _) =>
        {
            _cluster.CsiNode!.Spec.Drivers = [];
            return Task.CompletedTask;
        };
        _driver.Info.MaxVolumesPerNode = 5;
        await _limits.TellAsync(FakeCsiDriver.Name, Cancellation);
        _driver.Mood = (_, _) =>
        {
            _cluster.CsiNode = null;
            return Task.CompletedTask;
        };
        await _limits.TellAsync(FakeCsiDriver.Name, Cancellation);

        Assert.Empty(_cluster.CsiNodePatches);
        Assert.Null(_cluster.CsiNode);
    }

    [Fact]
    public async Task After_the_end_nobody_is_followed()
    {
        _limits.Observe(Definition(60));
        await UntilAskedEachAsync(TimeSpan.FromSeconds(60));
        await _limits.StopAsync(Cancellation);

        _limits.Observe(Definition(30));

        Assert.Empty(_time.Periods);
    }

    private static V1CSIDriver Definition(long? seconds) =>
        FakeCsiDriver.Definition(s => s.NodeAllocatableUpdatePeriodSeconds = seconds);

    private Plugin Plugin() => new(FakeCsiDriver.Name, _driver.Socket, ["1.0.0"]);

    /// <summary>Timers end a moment after what they are for.</summary>
    private Task UntilAskedEachAsync(params TimeSpan[] periods) => _cluster.UntilAsync(
        () => _time.Periods.SequenceEqual(periods), () => string.Join(' ', _time.Periods), poll: true);

    private Task UntilToldAsync(int count) => _cluster.UntilAsync(
        () => _cluster.CsiNodePatches.Any(
            p => p.Contains($"\"allocatable\":{{\"count\":{count}}}", StringComparison.Ordinal)),
        () => $"a limit of {count}");

    /// <summary>Timers strike when they are told to.</summary>
    private sealed class StruckTime : TimeProvider
    {
        private readonly ConcurrentDictionary<Struck, byte> _timers = new();

        public IEnumerable<TimeSpan> Periods =>
            _timers.Keys.Select(static t => t.Period).Where(static p => p > TimeSpan.Zero);

        public void Strike(TimeSpan period)
        {
            foreach (var timer in _timers.Keys.Where(t => t.Period == period))
            {
                timer.Strike();
            }
        }

        public override ITimer CreateTimer(
            TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Struck(() => callback(state), period, t => _timers.TryRemove(t, out _));
            _timers[timer] = 0;
            return timer;
        }
    }

    private sealed class Struck(Action strike, TimeSpan period, Action<Struck> ended) : ITimer
    {
        public TimeSpan Period => period;

        public void Strike() => strike();

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => ended(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
