using System.Diagnostics.CodeAnalysis;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.FlowControl;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// The priority levels of this server and who belongs to which (upstream's <c>flowcontrol/apf_controller.go</c>): it
/// follows FlowSchemas and PriorityLevelConfigurations through the silo's caches, divides the server's seats among the
/// levels, and lets levels that are in need borrow what others do not use, anew every <see cref="AdjustmentPeriod"/>.
///
/// A request compares which snapshots of the caches the plan was made of; the first that finds newer ones makes the new
/// plan, the others go on by the old one. As long as the caches are not loaded, the two levels and schemas count that
/// every server has. A level that is deleted keeps its seats until nobody uses it.
/// </summary>
public sealed class FlowController : IHostedService, IDisposable
{
    public static readonly TimeSpan AdjustmentPeriod = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly ResourceCaches? _caches;
    private readonly TimeProvider _time;
    private readonly int _seats;
    private readonly Dictionary<string, PriorityLevel> _levels = new(StringComparer.Ordinal);
    private Dictionary<(string Level, string Schema), FlowStats> _stats = [];
    private IReadOnlyList<V1FlowSchema> _schemas = [];
    private CacheSnapshot? _schemasRead;
    private CacheSnapshot? _levelsRead;
    private volatile FlowPlan _plan;
    private ITimer? _timer;

    /// <param name="limits">How many seats there are: as many as requests that read and that write together.</param>
    /// <param name="time">The clock.</param>
    /// <param name="caches">Where the objects are; null for what every server has.</param>
    public FlowController(RequestLimits limits, TimeProvider time, ResourceCaches? caches = null)
    {
        (_time, _caches, _seats) = (time, caches, limits.Seats);
        Configure([], []);
    }

    /// <summary>The part of its target that each level has which is within its bounds; 0 when there is none.</summary>
    public double FairFraction { get; private set; }

    internal FlowPlan Plan => _plan;

    /// <summary>The flow of a request.</summary>
    public Flow Classify(RequestInfo request, UserIdentity user)
    {
        Refresh();
        return Plan.Classify(request, user);
    }

    /// <summary>Takes these objects for all there are.</summary>
    [MemberNotNull(nameof(_plan))]
    public void Configure(
        IReadOnlyList<V1PriorityLevelConfiguration> levels, IReadOnlyList<V1FlowSchema> schemas)
    {
        lock (_lock)
        {
            ReadLevels(levels);
            _schemas = schemas;
            Rebuild();
        }
    }

    /// <summary>Divides the seats anew, by what the levels could have used since the last time.</summary>
    public void Adjust()
    {
        lock (_lock)
        {
            if (_levels.Values.Any(static l => l.IsQuiescing && l.Queues.IsIdle))
            {
                Rebuild();
                return;
            }

            Divide();
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _timer = _time.CreateTimer(
            static flows => ((FlowController)flows!).Adjust(), this, AdjustmentPeriod, AdjustmentPeriod);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_timer is { } timer)
        {
            await timer.DisposeAsync();
        }
    }

    public void Dispose()
    {
        _timer?.Dispose();
        foreach (var level in _levels.Values)
        {
            level.Dispose();
        }
    }

    private void Refresh()
    {
        if (_caches is null)
        {
            return;
        }

        if (_caches.Find(WellKnown.FlowSchemas) is not { } schemas
            || _caches.Find(WellKnown.PriorityLevelConfigurations) is not { } levels)
        {
            _caches.Begin(WellKnown.FlowSchemas);
            _caches.Begin(WellKnown.PriorityLevelConfigurations);
            return;
        }

        var (schemasNow, levelsNow) = (schemas.Current, levels.Current);
        if (ReferenceEquals(schemasNow, Volatile.Read(ref _schemasRead))
            && ReferenceEquals(levelsNow, Volatile.Read(ref _levelsRead)))
        {
            return;
        }

        if (_lock.TryEnter())
        {
            try
            {
                Configure(
                    [.. levelsNow.Range().Select(static o => o.As<V1PriorityLevelConfiguration>())],
                    [.. schemasNow.Range().Select(static o => o.As<V1FlowSchema>())]);
                Volatile.Write(ref _schemasRead, schemasNow);
                Volatile.Write(ref _levelsRead, levelsNow);
            }
            finally
            {
                _lock.Exit();
            }
        }
    }

    private void ReadLevels(IReadOnlyList<V1PriorityLevelConfiguration> objects)
    {
        var usable = objects.Where(PriorityLevel.IsUsable).ToDictionary(static l => l.Metadata.Name);
        foreach (var mandatory in BuiltInFlowControl.PriorityLevels.Where(static l => IsMandatory(l.Metadata.Name)))
        {
            usable.TryAdd(mandatory.Metadata.Name, mandatory);
        }

        foreach (var (name, level) in usable)
        {
            if (!_levels.TryGetValue(name, out var known))
            {
                _levels[name] = known = new PriorityLevel(name, _time);
            }

            known.Read(level);
        }

        foreach (var level in _levels.Values)
        {
            level.IsQuiescing = !usable.ContainsKey(level.Name);
        }
    }

    /// <summary>Lets go of levels that nobody uses any more, and makes the plan of the others.</summary>
    [MemberNotNull(nameof(_plan))]
    private void Rebuild()
    {
        foreach (var gone in _levels.Values.Where(static l => l.IsQuiescing && l.Queues.IsIdle).ToList())
        {
            _levels.Remove(gone.Name);
            gone.Dispose();
        }

        var shares = _levels.Values.Sum(static l => l.Shares);
        foreach (var level in _levels.Values)
        {
            level.Share(_seats, shares);
        }

        Divide();
        var stats = new Dictionary<(string, string), FlowStats>();
        var flows = InOrder().Select(schema => FlowOf(schema, stats)).ToList();
        _stats = stats;
        _plan = new FlowPlan(flows, [.. _levels.Values.OrderBy(static l => l.Name, StringComparer.Ordinal)]);
    }

    /// <summary>
    /// Schemas whose level is there, as they are tried: by precedence, then by name; those that every server has are
    /// there whatever happens to their objects.
    /// </summary>
    private List<V1FlowSchema> InOrder()
    {
        var schemas = _schemas
            .Where(s => _levels.TryGetValue(LevelOf(s), out var level) && !level.IsQuiescing)
            .OrderBy(static s => s.Spec.MatchingPrecedence ?? 0)
            .ThenBy(static s => s.Metadata.Name, StringComparer.Ordinal)
            .ToList();
        foreach (var mandatory in BuiltInFlowControl.FlowSchemas.Where(static s => IsMandatory(s.Metadata.Name)))
        {
            if (schemas.All(s => s.Metadata.Name != mandatory.Metadata.Name))
            {
                schemas.Insert(mandatory.Metadata.Name == PriorityLevel.Exempt ? 0 : schemas.Count, mandatory);
            }
        }

        return schemas;
    }

    private Flow FlowOf(V1FlowSchema schema, Dictionary<(string, string), FlowStats> stats)
    {
        var level = _levels[LevelOf(schema)];
        var key = (level.Name, schema.Metadata.Name);
        if (!stats.TryGetValue(key, out var counted))
        {
            stats[key] = counted = _stats.GetValueOrDefault(key) ?? new FlowStats(level.Name, schema.Metadata.Name);
        }

        return new Flow(schema, level, counted);
    }

    /// <summary>
    /// Exempt levels have what they use. The others divide what is left: each has at least its lower bound, or what it
    /// used at most up to its nominal seats; when not even that is left, all are nearer to their lower bounds.
    /// </summary>
    private void Divide()
    {
        var left = _levels.Values.Sum(static l => l.Nominal);
        var limited = new List<(PriorityLevel Level, SeatClaim Claim)>();
        foreach (var level in _levels.Values)
        {
            var demand = level.Demand = level.Queues.EndPeriod();
            if (level.Settings.IsExempt)
            {
                level.Current = Math.Max(level.Lower, demand.HighWatermark);
                (level.Target, left) = (level.Current, left - level.Current);
                continue;
            }

            var least = Math.Max(level.Lower, Math.Min(level.Nominal, demand.HighWatermark));
            level.Target = Math.Max(least, demand.Smoothed);
            limited.Add((level, new SeatClaim(least, level.Upper, level.Target)));
        }

        Divide(left, limited);
        foreach (var level in _levels.Values)
        {
            level.Queues.Configure(level.Settings, level.Current, Math.Max(1, Round(_seats / 10.0)));
        }
    }

    private void Divide(int left, List<(PriorityLevel Level, SeatClaim Claim)> levels)
    {
        FairFraction = 0;
        var lower = levels.Sum(static l => l.Level.Lower);
        var least = levels.Sum(static l => l.Claim.Lower);
        if (left <= least)
        {
            var part = least > lower ? Math.Clamp((left - lower) / (least - lower), 0, 1) : 0;
            foreach (var (level, claim) in levels)
            {
                level.Current = level.Lower + Round((claim.Lower - level.Lower) * part);
            }

            return;
        }

        if (SeatAllocation.Divide(left, [.. levels.Select(static l => l.Claim)], out var fraction) is not { } seats)
        {
            return;
        }

        FairFraction = fraction;
        foreach (var (i, (level, _)) in levels.Index())
        {
            level.Current = Round(seats[i]);
        }
    }

    private static int Round(double seats) => (int)Math.Round(seats, MidpointRounding.AwayFromZero);

    private static string LevelOf(V1FlowSchema schema) => schema.Spec?.PriorityLevelConfiguration?.Name ?? "";

    private static bool IsMandatory(string name) => name is PriorityLevel.Exempt or PriorityLevel.CatchAll;
}
