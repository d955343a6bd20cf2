using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent.Devices;

/// <summary>
/// What plugins have on this node, by resource. Devices of a plugin that went are unhealthy; five minutes later, as
/// upstream has it, the node has none of them. Safe for any thread.
/// </summary>
public sealed class DeviceInventory(TimeProvider time)
{
    private static readonly IReadOnlyDictionary<string, NumaSet> Nowhere = new Dictionary<string, NumaSet>();
    private static readonly TimeSpan StopGrace = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Stock> _stocks = new(StringComparer.Ordinal);

    /// <summary>Raised when there are more devices, fewer, or others.</summary>
    public event Action? Changed;

    /// <summary>What the node has of all resources, and how much of that works.</summary>
    public (IReadOnlyDictionary<string, ResourceQuantity> All, IReadOnlyDictionary<string, ResourceQuantity> Working)
        Amounts
    {
        get
        {
            lock (_lock)
            {
                return (Count(static s => s.Healthy.Count + s.Unhealthy.Count), Count(static s => s.Healthy.Count));
            }
        }
    }

    /// <summary>The devices that work; null where no plugin serves the resource.</summary>
    public IReadOnlySet<string>? Healthy(string resource)
    {
        lock (_lock)
        {
            return _stocks.TryGetValue(resource, out var stock) && !IsOver(stock) ? stock.Healthy : null;
        }
    }

    /// <summary>
    /// Whether a device works, in the API's words; <c>Unknown</c> while its plugin is not here or does not tell of it.
    /// </summary>
    public string HealthOf(string resource, string device)
    {
        lock (_lock)
        {
            return _stocks.GetValueOrDefault(resource) is not { LostAt: null } stock ? "Unknown"
                : stock.Healthy.Contains(device) ? "Healthy"
                : stock.Unhealthy.Contains(device) ? "Unhealthy"
                : "Unknown";
        }
    }

    /// <summary>By device, of which NUMA nodes it is, of those that are of some.</summary>
    public IReadOnlyDictionary<string, NumaSet> NodesOf(string resource)
    {
        lock (_lock)
        {
            return _stocks.GetValueOrDefault(resource)?.Nodes ?? Nowhere;
        }
    }

    /// <summary>All that a plugin has, by identity, whether it works, and of which nodes it is.</summary>
    public void Set(
        string resource, IReadOnlyDictionary<string, bool> devices,
        IReadOnlyDictionary<string, NumaSet>? nodes = null) =>
        Change(resource, new Stock(
            devices.Where(static d => d.Value).Select(static d => d.Key).ToHashSet(StringComparer.Ordinal),
            devices.Where(static d => !d.Value).Select(static d => d.Key).ToHashSet(StringComparer.Ordinal),
            LostAt: null)
        {
            Nodes = nodes ?? Nowhere,
        });

    /// <summary>The plugin went.</summary>
    public void Lose(string resource)
    {
        lock (_lock)
        {
            if (_stocks.TryGetValue(resource, out var stock))
            {
                _stocks[resource] = stock with
                {
                    Healthy = new HashSet<string>(),
                    Unhealthy = stock.Healthy.Union(stock.Unhealthy).ToHashSet(StringComparer.Ordinal),
                    LostAt = time.GetSteadyTime(),
                };
            }
        }

        Changed?.Invoke();
    }

    /// <summary>A resource whose plugin was here before the agent started, and may come again.</summary>
    public void Expect(string resource) => Change(
        resource, new Stock(new HashSet<string>(), new HashSet<string>(), time.GetSteadyTime()));

    private void Change(string resource, Stock stock)
    {
        lock (_lock)
        {
            _stocks[resource] = stock;
        }

        Changed?.Invoke();
    }

    private Dictionary<string, ResourceQuantity> Count(Func<Stock, int> count) => _stocks.ToDictionary(
        static s => s.Key,
        s => new ResourceQuantity((IsOver(s.Value) ? 0 : count(s.Value)).ToString(CultureInfo.InvariantCulture)),
        StringComparer.Ordinal);

    private bool IsOver(Stock stock) => stock.LostAt is { } lost && time.GetSteadyTime() - lost >= StopGrace;

    /// <param name="Healthy">Devices that work.</param>
    /// <param name="Unhealthy">Those that do not.</param>
    /// <param name="LostAt">When their plugin went; null while it is there.</param>
    private sealed record Stock(IReadOnlySet<string> Healthy, IReadOnlySet<string> Unhealthy, SteadyTime? LostAt)
    {
        /// <summary>Of which NUMA nodes they are, of those that are of some.</summary>
        public IReadOnlyDictionary<string, NumaSet> Nodes { get; init; } = Nowhere;
    }
}
