using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.Resources.Core.Pods;

namespace OrleansOrchestrator.NodeAgent.Devices;

/// <summary>
/// The plugins that have registered, one for each resource; a newer one takes the place of an older. What they say of
/// their devices goes to the inventory.
/// </summary>
public sealed partial class DevicePlugins(
    NodeAgentOptions options, DeviceInventory inventory, DeviceAllocations allocations, KubeletMeters meters,
    ILogger<DevicePlugins> logger)
    : IDisposable
{
    private const string Version = "v1beta1";

    /// <summary>
    /// Held from a look at who is the plugin until the inventory has what follows from it: an older plugin's last words
    /// must not undo what a newer one has told.
    /// </summary>
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DevicePlugin> _plugins = new(StringComparer.Ordinal);

    public DevicePlugin? Find(string resource)
    {
        lock (_lock)
        {
            return _plugins.GetValueOrDefault(resource);
        }
    }

    /// <summary>Takes a plugin. A <see cref="DeviceException"/> says why not.</summary>
    /// <param name="version">Which API it speaks.</param>
    /// <param name="resource">What it has.</param>
    /// <param name="endpoint">Its socket, in the directory of plugins.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task RegisterAsync(
        string version, string resource, string endpoint, CancellationToken cancellationToken)
    {
        meters.DevicePluginRegistrations.Add(resource);
        if (version != Version)
        {
            throw new DeviceException(
                $"requested API version \"{version}\" is not supported by kubelet. " +
                $"Supported version is [\"{Version}\"]");
        }

        if (!ResourceNames.IsExtended(resource))
        {
            throw new DeviceException($"the ResourceName \"{resource}\" is invalid");
        }

        var socket = Path.Combine(options.DevicePluginsDirectory, endpoint.TrimStart('/'));
        Take(await DevicePlugin.ConnectAsync(resource, socket, cancellationToken));
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var plugin in _plugins.Values)
            {
                plugin.Dispose();
            }

            _plugins.Clear();
        }
    }

    private void Take(DevicePlugin plugin)
    {
        try
        {
            allocations.Remember(plugin.Resource);
        }
        catch
        {
            plugin.Dispose();
            throw;
        }

        DevicePlugin? before;
        lock (_lock)
        {
            before = _plugins.GetValueOrDefault(plugin.Resource);
            _plugins[plugin.Resource] = plugin;
        }

        before?.Dispose();
        LogRegistered(plugin.Resource);
        _ = FollowAsync(plugin);
    }

    private async Task FollowAsync(DevicePlugin plugin)
    {
        await plugin.FollowAsync(
            (devices, nodes) => IfCurrent(plugin, () => inventory.Set(plugin.Resource, devices, nodes)));
        IfCurrent(plugin, () =>
        {
            _plugins.Remove(plugin.Resource);
            inventory.Lose(plugin.Resource);
            LogGone(plugin.Resource);
        });
        plugin.Dispose();
    }

    private void IfCurrent(DevicePlugin plugin, Action action)
    {
        lock (_lock)
        {
            if (_plugins.GetValueOrDefault(plugin.Resource) == plugin)
            {
                action();
            }
        }
    }

    [LoggerMessage(1, LogLevel.Information, "A plugin has registered that has {Resource}")]
    private partial void LogRegistered(string resource);

    [LoggerMessage(2, LogLevel.Warning, "The plugin that had {Resource} has gone")]
    private partial void LogGone(string resource);
}
