using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Plugins;

namespace OrleansOrchestrator.NodeAgent.Dra;

/// <summary>
/// The plugins of drivers of dynamic resources that are registered here: more than one of a driver while that is
/// replaced by a newer one. Rules and words are upstream's.
/// </summary>
public sealed partial class DraPlugins(
    KubeletMeters meters, DeviceHealthBook health, TimeProvider time, ILogger<DraPlugins> logger)
    : IPluginHandler, IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<DraPlugin>> _plugins = new(StringComparer.Ordinal);

    /// <summary>Raised when a driver's plugin has come, gone, or its connection has.</summary>
    public event Action<string>? Changed;

    /// <inheritdoc/>
    public string Type => "DRAPlugin";

    /// <summary>A driver's newest plugin, if possible one that is there. A <see cref="DraException"/> says that there
    /// is none.</summary>
    public DraPlugin Get(string driver)
    {
        lock (_lock)
        {
            return _plugins.GetValueOrDefault(driver) is { } plugins
                ? plugins.FindLast(static p => p.IsConnected) ?? plugins[^1]
                : throw new DraException($"DRA driver {driver} is not registered");
        }
    }

    /// <summary>Some plugin of the driver is there.</summary>
    public bool IsUsable(string driver)
    {
        lock (_lock)
        {
            return _plugins.GetValueOrDefault(driver)?.Exists(static p => p.IsConnected) == true;
        }
    }

    /// <inheritdoc/>
    public string? Problem(Plugin plugin) =>
        plugin.Versions.Count == 0
            ? Invalid(plugin, "empty list of supported gRPC services (aka supported versions)")
        : ServiceOf(plugin) is null
            ? Invalid(plugin, $"none of services supported by the plugin ({Quoted(plugin.Versions)}) are supported " +
                $"by the kubelet ({Quoted(DraPlugin.Services)})")
        : null;

    /// <inheritdoc/>
    public Task RegisterAsync(Plugin plugin, CancellationToken cancellationToken)
    {
        var added = new DraPlugin(plugin.Name, plugin.Endpoint, ServiceOf(plugin)!, meters, time);
        if (!TryAdd(added))
        {
            added.Dispose();
            throw new PluginException(
                $"endpoint {plugin.Endpoint} already registered for DRA driver plugin {plugin.Name}");
        }

        added.ConnectionChanged += () => NoteConnection(added);
        _ = added.FollowAsync(devices => health.Set(added.Driver, devices), () => health.Forget(added.Driver));
        Changed?.Invoke(added.Driver);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task DeregisterAsync(Plugin plugin, CancellationToken cancellationToken)
    {
        Take(plugin)?.Dispose();
        Changed?.Invoke(plugin.Name);
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        List<DraPlugin> all;
        lock (_lock)
        {
            all = [.. _plugins.Values.SelectMany(static p => p)];
            _plugins.Clear();
        }

        all.ForEach(static p => p.Dispose());
    }

    private bool TryAdd(DraPlugin plugin)
    {
        lock (_lock)
        {
            if (!_plugins.TryGetValue(plugin.Driver, out var plugins))
            {
                _plugins[plugin.Driver] = plugins = [];
            }

            if (plugins.Exists(p => p.Endpoint == plugin.Endpoint))
            {
                return false;
            }

            plugins.Add(plugin);
            return true;
        }
    }

    private DraPlugin? Take(Plugin plugin)
    {
        lock (_lock)
        {
            if (_plugins.GetValueOrDefault(plugin.Name) is not { } plugins
                || plugins.Find(p => p.Endpoint == plugin.Endpoint) is not { } gone)
            {
                return null;
            }

            plugins.Remove(gone);
            if (plugins.Count == 0)
            {
                _plugins.Remove(plugin.Name);
            }

            return gone;
        }
    }

    private void NoteConnection(DraPlugin plugin)
    {
        LogConnection(plugin.Driver, plugin.Endpoint, plugin.IsConnected);
        Changed?.Invoke(plugin.Driver);
    }

    /// <summary>The first of the plugin's services that the node knows: plugins name the best first.</summary>
    private static string? ServiceOf(Plugin plugin) => plugin.Versions.FirstOrDefault(DraPlugin.Services.Contains);

    private static string Invalid(Plugin plugin, string problem) =>
        $"invalid supported gRPC versions of DRA driver plugin {plugin.Name} at endpoint {plugin.Endpoint}: {problem}";

    private static string Quoted(IEnumerable<string> services) =>
        $"[{string.Join(' ', services.Select(GoQuotes.Quote))}]";

    [LoggerMessage(1, LogLevel.Information, "The plugin of driver {Driver} at {Endpoint} is connected: {IsConnected}")]
    private partial void LogConnection(string driver, string endpoint, bool isConnected);
}
