using CsCheck;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.FlowControl;

public sealed class FairQueueSetTests
{
    private const int Queues = 8;
    private const int LengthLimit = 3;

    private static readonly QueueSettings Settings = new(Queues, 2, LengthLimit);

    /// <summary>
    /// Whatever happens in whatever order: nobody has a seat too many, nobody waits while there is room, queues keep
    /// their bound, everybody ends exactly one way, and in the end all seats are free.
    /// </summary>
    [Fact]
    public void NoSeatIsLost() => Gen.Select(Gen.Int[1, 12], Gen.Int[0, 9].Array[0, 120], Gen.Int[0, 1000]).Check(
        (limit, steps, seed) =>
        {
            var world = new World(limit, seed);
            foreach (var step in steps)
            {
                world.Step(step);
                world.Check();
            }

            world.End();
        });

    [Fact]
    public async Task NoSeatIsLostWhenClientsGoAtAnyMoment()
    {
        using var set = new FairQueueSet(TimeProvider.System);
        set.Configure(Settings with { LengthLimit = 50 }, 3);
        var seated = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Factory.StartNew(
            async () =>
            {
                var random = new Random(worker);
                for (var i = 0; i < 500; i++)
                {
                    var request = new SeatRequest(null, "", new SeatEstimate(1 + random.Next(4)));
                    var verdict = set.Ask(
                        request, [random.Next(Queues), random.Next(Queues)], out var slot, out var queued);
                    if (verdict == SeatVerdict.Queued)
                    {
                        _ = random.Next(2) == 0 ? Task.Factory.StartNew(
                            () => queued!.Abandon(SeatVerdict.Cancelled), TestContext.Current.CancellationToken,
                            TaskCreationOptions.None, TaskScheduler.Default) : Task.CompletedTask;
                        verdict = await queued!.Outcome;
                        slot = queued.Slot;
                    }

                    if (verdict == SeatVerdict.Seated)
                    {
                        Interlocked.Increment(ref seated);
                        await Task.Yield();
                        set.Return(slot);
                    }
                }
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.None, TaskScheduler.Default).Unwrap()));
        var view = set.View();
        Assert.True(set.IsIdle);
        Assert.Equal(0, view.SeatsInUse);
        Assert.Equal(seated, view.Dispatched);
        Assert.Equal(8 * 500, view.Dispatched + view.Rejected);
    }

    /// <summary>
    /// Flows that always want more get the same, whatever their requests are like: as many seat-seconds, up to what one
    /// request more or less makes out.
    /// </summary>
    [Fact]
    public void FlowsThatWantMoreGetTheSame() =>
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 3], Gen.Int[1, 20].Array[2, 5], Gen.Int[0, 1000]).Check(
            (requests, seats, flows, seed) => Assert.InRange(
                Unfairness(
                    requests * seats, [.. flows.Select(milliseconds => (seats, milliseconds))], new Random(seed)),
                0, 0.25),
            cases: 40);

    [Fact]
    public void WhoIsIdleSavesNothingUp()
    {
        var time = new ManualTime();
        using var set = new FairQueueSet(time);
        set.Configure(Settings with { LengthLimit = 100 }, 1);
        var order = new List<string>();
        List<Pending> waiting = [Ask(set, "busy", [0])];
        Serve(set, time, waiting, order, 50, () => Ask(set, "busy", [0]));
        order.Clear();

        // Both want ten; the one that rested does not go ten times first.
        for (var i = 0; i < 10; i++)
        {
            waiting.AddRange([Ask(set, "rested", [1]), Ask(set, "busy", [0])]);
        }

        Serve(set, time, waiting, order, 20, static () => null);
        Assert.InRange(order.Take(10).Count(static o => o == "rested"), 4, 6);
    }

    /// <summary>
    /// Who has had a seat for years comes after all others, also where progress has begun anew since.
    /// </summary>
    [Fact]
    public void NobodyLosesAPlaceWhenProgressBeginsAnew()
    {
        var time = new ManualTime();
        using var set = new FairQueueSet(time);
        set.Configure(Settings with { LengthLimit = 100 }, 1);
        List<Pending> waiting = [];
        for (var i = 0; i < 10; i++)
        {
            waiting.AddRange([Ask(set, "a", [0]), Ask(set, "b", [1])]);
        }

        var order = new List<string>();
        Serve(set, time, waiting, order, 6, static () => null);
        var holder = waiting.First(static p => p.Slot >= 0).Flow;
        time.Advance(TimeSpan.FromDays(2_500));
        var view = set.View();
        Assert.Equal(1, view.Epochs);
        Assert.InRange(view.Progress, 0, FairQueueSet.Epoch);

        Serve(set, time, waiting, order, 14, static () => null);
        var others = order.Skip(7).Count(o => o != holder);
        Assert.Equal(holder, order[6]);
        Assert.DoesNotContain(holder, order.Skip(7).Take(others));
    }

    [Fact]
    public void AWideRequestIsNotPassedForEver()
    {
        using var set = new FairQueueSet(new ManualTime());
        set.Configure(Settings, 2);
        var one = Seat(set, 1);
        var two = Seat(set, 1);
        Assert.Equal(SeatVerdict.Queued, set.Ask(Wide(2), [0], out _, out var wide));
        Assert.Equal(SeatVerdict.Queued, set.Ask(Wide(1), [1], out _, out var narrow));
        set.Return(one);
        Assert.Equal((true, false), (narrow!.Outcome.IsCompleted, wide!.Outcome.IsCompleted));
        set.Return(two);
        set.Return(narrow.Slot);
        Assert.True(wide.Outcome.IsCompleted);
    }

    /// <summary>One that is wider than the level runs alone.</summary>
    [Fact]
    public void WhatIsWiderThanTheLevelRunsAlone()
    {
        using var set = new FairQueueSet(new ManualTime());
        set.Configure(Settings, 3);
        var slot = Seat(set, 7);
        Assert.Equal(SeatVerdict.Queued, set.Ask(Wide(1), [0], out _, out var next));
        set.Return(slot);
        Assert.True(next!.Outcome.IsCompleted);
        Assert.Equal(SeatVerdict.Queued, set.Ask(Wide(7), [0], out _, out _));
    }

    [Fact]
    public void SeatsOfAWriteLinger()
    {
        var time = new ManualTime();
        using var set = new FairQueueSet(time);
        set.Configure(Settings, 2);
        Assert.Equal(
            SeatVerdict.Seated,
            set.Ask(new(null, "", new SeatEstimate(1, 2, TimeSpan.FromMilliseconds(5))), [0], out var slot, out _));
        set.Return(slot);
        Assert.True(set.IsIdle);
        Assert.Equal(2, set.View().SeatsInUse);
        Assert.Equal(SeatVerdict.Queued, set.Ask(Wide(1), [0], out _, out var next));
        time.Advance(TimeSpan.FromMilliseconds(4));
        Assert.False(next!.Outcome.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(2));
        Assert.True(next.Outcome.IsCompleted);
    }

    [Fact]
    public void QueuesThatAreTooManyGoWhenTheyAreEmpty()
    {
        using var set = new FairQueueSet(new ManualTime());
        set.Configure(Settings, 1);
        var slot = Seat(set, 1);
        Assert.Equal(SeatVerdict.Queued, set.Ask(Wide(1), [Queues - 1], out _, out var last));
        set.Configure(new QueueSettings(2, 1, 3), 1);
        Assert.Equal(Queues, set.View().Queues.Count);
        Assert.Equal(SeatVerdict.Queued, set.Ask(Wide(1), [Queues - 2], out _, out var other));
        set.Return(slot);
        set.Return(last!.Outcome.IsCompleted ? last.Slot : other!.Slot);
        set.Return(last.Outcome.IsCompleted && other!.Outcome.IsCompleted ? other.Slot : last.Slot);
        Assert.Equal(2, set.View().Queues.Count);
    }

    [Fact]
    public void WithoutQueuesWhoFindsNoSeatIsRefused()
    {
        using var set = new FairQueueSet(new ManualTime());
        set.Configure(QueueSettings.Refusing, 1);
        var slot = Seat(set, 1);
        Assert.Equal(SeatVerdict.NoSeat, set.Ask(Wide(1), [], out _, out _));
        set.Configure(QueueSettings.Exempt, 0);
        Assert.Equal(SeatVerdict.Seated, set.Ask(Wide(9), [], out _, out _));
        set.Return(slot);
        Assert.Throws<InvalidOperationException>(() => set.Return(slot));
    }

    /// <summary>Who finds a seat makes no garbage.</summary>
    [Fact]
    public void AFreeSeatCostsNoMemory()
    {
        using var set = new FairQueueSet(TimeProvider.System);
        set.Configure(Settings, 10);
        int[] hand = [1, 2];
        set.Return(Seat(set, 1));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            set.Ask(Wide(1), hand, out var slot, out _);
            set.Return(slot);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static SeatRequest Wide(int seats) => new(null, "", new SeatEstimate(seats));

    private static int Seat(FairQueueSet set, int seats)
    {
        Assert.Equal(SeatVerdict.Seated, set.Ask(Wide(seats), [0, 1], out var slot, out _));
        return slot;
    }

    private static Pending Ask(FairQueueSet set, string flow, int[] hand)
    {
        var verdict = set.Ask(new SeatRequest(null, flow, SeatEstimate.One), hand, out var slot, out var queued);
        return new Pending(flow, verdict == SeatVerdict.Seated ? slot : -1, queued);
    }

    /// <summary>Each that runs takes ten milliseconds; notes the order in which they run.</summary>
    private static void Serve(
        FairQueueSet set, ManualTime time, List<Pending> pending, List<string> order, int count, Func<Pending?> next)
    {
        for (var i = 0; i < count; i++)
        {
            var running = pending.First(static p => p.Slot >= 0);
            pending.Remove(running);
            order.Add(running.Flow);
            if (next() is { } another)
            {
                pending.Add(another);
            }

            time.Advance(TimeSpan.FromMilliseconds(10));
            set.Return(running.Slot);
        }
    }

    /// <summary>How far the flows' seat-seconds lie apart, as a part of what each should have.</summary>
    private static double Unfairness(int limit, (int Seats, int Milliseconds)[] flows, Random random)
    {
        var time = new ManualTime();
        using var set = new FairQueueSet(time);
        set.Configure(new QueueSettings(flows.Length, 1, 1000), limit);
        var had = new double[flows.Length];
        var running = new List<(int Flow, int Slot, double End)>();
        var waiting = new List<(int Flow, QueuedRequest Request)>();
        var now = 0.0;

        void Want(int flow)
        {
            var verdict = set.Ask(
                new SeatRequest(null, "", new SeatEstimate(flows[flow].Seats)), [flow], out var slot, out var queued);
            if (verdict == SeatVerdict.Seated)
            {
                Run(flow, slot);
            }
            else
            {
                waiting.Add((flow, queued!));
            }
        }

        void Run(int flow, int slot) =>
            running.Add((flow, slot, now + (flows[flow].Milliseconds * (0.5 + random.NextDouble()))));

        for (var i = 0; i < 40; i++)
        {
            Enumerable.Range(0, flows.Length).ToList().ForEach(Want);
        }

        for (var i = 0; i < 1500; i++)
        {
            var first = running.MinBy(static r => r.End);
            running.Remove(first);
            time.Advance(TimeSpan.FromMilliseconds(first.End - now));
            now = first.End;
            had[first.Flow] += flows[first.Flow].Seats * flows[first.Flow].Milliseconds;
            set.Return(first.Slot);
            foreach (var (flow, request) in waiting.Where(static w => w.Request.Outcome.IsCompleted).ToList())
            {
                waiting.Remove((flow, request));
                Run(flow, request.Slot);
            }

            Want(first.Flow);
        }

        return (had.Max() - had.Min()) / had.Max();
    }

    private sealed record Pending(string Flow, int SeatedAt, QueuedRequest? Queued)
    {
        public int Slot => Queued?.Slot ?? SeatedAt;
    }

    /// <summary>A level and all who came to it.</summary>
    private sealed class World
    {
        private readonly ManualTime _time = new();
        private readonly FairQueueSet _set;
        private readonly Random _random;
        private readonly List<(int Slot, int Seats)> _seated = [];
        private readonly List<(QueuedRequest Request, SeatEstimate Estimate)> _waiting = [];
        private readonly int _limit;
        private int _asked;
        private int _refused;

        public World(int limit, int seed)
        {
            (_limit, _random, _set) = (limit, new Random(seed), new FairQueueSet(_time));
            _set.Configure(Settings, limit);
        }

        public void Step(int kind)
        {
            switch (kind)
            {
                case < 5:
                    Ask();
                    break;
                case < 7 when _seated.Count > 0:
                    Return(_random.Next(_seated.Count));
                    break;
                case 7 when _waiting.Count > 0:
                    _waiting[_random.Next(_waiting.Count)].Request.Abandon(
                        _random.Next(2) == 0 ? SeatVerdict.Cancelled : SeatVerdict.TimedOut);
                    break;
                case 8:
                    _time.Advance(TimeSpan.FromMilliseconds(_random.Next(12)));
                    break;
                case 9:
                    _set.Configure(Settings with { Queues = 2 + _random.Next(Queues) }, _limit);
                    break;
            }

            Settle();
        }

        public void Check()
        {
            _set.View();
            Settle();
            var view = _set.View();
            Assert.Equal(_seated.Count, view.Executing);
            Assert.Equal(_waiting.Count, view.Waiting);
            Assert.Equal(_asked, view.Dispatched + view.Rejected + view.Waiting);
            Assert.True(view.SeatsInUse <= _limit || view.Executing == 1);
            Assert.All(view.Queues, static q => Assert.InRange(q.Waiting.Count, 0, LengthLimit));
            var heads = view.Queues.Where(static q => q.Waiting.Count > 0)
                .Select(static q => q.Waiting[0].Request.Estimate.Seats);
            Assert.True(view.Waiting == 0 || view.SeatsInUse >= _limit || view.SeatsInUse + heads.Max() > _limit);
        }

        public void End()
        {
            while (_seated.Count > 0 || _waiting.Count > 0)
            {
                if (_seated.Count > 0)
                {
                    Return(0);
                }

                _time.Advance(TimeSpan.FromMilliseconds(10));
                Settle();
            }

            _time.Advance(TimeSpan.FromSeconds(1));
            var view = _set.View();
            Assert.Equal((0, 0, 0), (view.SeatsInUse, view.Executing, view.Waiting));
            Assert.Equal(_asked - _refused, view.Dispatched);
            Assert.All(view.Queues, static q => Assert.Equal((0, 0, 0.0), (q.SeatsInUse, q.Executing, q.Work)));
            _set.Dispose();
            Assert.Equal(0, _time.Timers);
        }

        private void Ask()
        {
            var estimate = _random.Next(3) == 0
                ? new SeatEstimate(1, 1 + _random.Next(5), TimeSpan.FromMilliseconds(5))
                : new SeatEstimate(1 + _random.Next(15));
            int[] hand = [_random.Next(Queues), _random.Next(Queues)];
            _asked++;
            switch (_set.Ask(new SeatRequest(null, "", estimate), hand, out var slot, out var queued))
            {
                case SeatVerdict.Seated:
                    _seated.Add((slot, estimate.Seats));
                    break;
                case SeatVerdict.Queued:
                    _waiting.Add((queued!, estimate));
                    break;
                default:
                    _refused++;
                    break;
            }
        }

        private void Return(int index)
        {
            _set.Return(_seated[index].Slot);
            _seated.RemoveAt(index);
        }

        private void Settle()
        {
            foreach (var (request, estimate) in _waiting.Where(static w => w.Request.Outcome.IsCompleted).ToList())
            {
                _waiting.Remove((request, estimate));
                if (request.Outcome.GetAwaiter().GetResult() == SeatVerdict.Seated)
                {
                    _seated.Add((request.Slot, estimate.Seats));
                }
                else
                {
                    _refused++;
                }
            }
        }
    }
}
