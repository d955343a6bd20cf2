using System.Buffers;
using System.Collections.Concurrent;
using Grpc.Core;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Plugins;

namespace OrleansOrchestrator.NodeAgent.Csi;

/// <summary>
/// The drivers of CSI that are registered here: taken as plugins, asked who the node is to them, and made known by the
/// node's CSINode. Rules and words are upstream's.
/// </summary>
public sealed class CsiDrivers(CsiNodeObject node) : IPluginHandler
{
    private static readonly SearchValues<char> InVersions = SearchValues.Create("0123456789.");

    private readonly ConcurrentDictionary<string, CsiDriver> _drivers = new(StringComparer.Ordinal);

    /// <summary>Raised when a driver has come, and may be asked.</summary>
    public event Action? Registered;

    /// <inheritdoc/>
    public string Type => "CSIPlugin";

    /// <summary>What is said when a volume's driver is not here.</summary>
    public static string NotFound(string driver) =>
        $"driver name {driver} not found in the list of registered CSI drivers";

    /// <summary>Null when no such driver is registered.</summary>
    public CsiDriver? Find(string name) => _drivers.GetValueOrDefault(name);

    /// <inheritdoc/>
    public string? Problem(Plugin plugin) => ProblemWithVersions(plugin) is { } problem
        ? $"validation failed for CSI Driver {plugin.Name} at endpoint {plugin.Endpoint}: kubernetes.io/csi: " +
            $"ValidatePlugin for CSI driver {GoQuotes.Quote(plugin.Name)} failed. {problem}"
        : null;

    /// <inheritdoc/>
    public async Task RegisterAsync(Plugin plugin, CancellationToken cancellationToken)
    {
        var driver = new CsiDriver(plugin.Name, plugin.Endpoint, Highest(plugin)!);
        Put(driver);
        try
        {
            await node.InstallAsync(plugin.Name, await driver.InfoAsync(cancellationToken), cancellationToken);
        }
        catch (RpcException refusal)
        {
            Drop(plugin.Name);
            throw new PluginException(CriErrors.Text(refusal));
        }
        catch
        {
            Drop(plugin.Name);
            throw;
        }

        Registered?.Invoke();
    }

    /// <inheritdoc/>
    public Task DeregisterAsync(Plugin plugin, CancellationToken cancellationToken)
    {
        Drop(plugin.Name);
        return node.UninstallAsync(plugin.Name, cancellationToken);
    }

    private void Put(CsiDriver driver)
    {
        Drop(driver.Name);
        _drivers[driver.Name] = driver;
    }

    private void Drop(string name)
    {
        if (_drivers.TryRemove(name, out var gone))
        {
            gone.Dispose();
        }
    }

    private string? ProblemWithVersions(Plugin plugin)
    {
        if (plugin.Versions.Count == 0)
        {
            return "Plugin returned an empty list for supported versions";
        }

        if (Highest(plugin) is not { } version)
        {
            var all = string.Join(' ', plugin.Versions.Select(GoQuotes.Quote));
            return $"None of the versions specified [{all}] are supported. err=could not find a highest supported " +
                $"version from versions ({string.Join(' ', plugin.Versions)}) reported by this driver";
        }

        return Find(plugin.Name) is { } known && known.Version >= version
            ? "Another driver with the same name is already registered with a higher supported version: " +
                $"\"{known.Version}\""
            : null;
    }

    /// <summary>The highest of the plugin's versions that the node speaks.</summary>
    private static Version? Highest(Plugin plugin) =>
        plugin.Versions.Select(Parse).Where(static v => v?.Major == 1).Max();

    /// <summary>As upstream reads versions: <c>1.0.0</c>, <c>v1.11</c>, with whatever follows the numbers.</summary>
    private static Version? Parse(string text)
    {
        var numbers = text.Trim().TrimStart('v');
        var end = numbers.AsSpan().IndexOfAnyExcept(InVersions);
        return Version.TryParse(end < 0 ? numbers : numbers[..end], out var version) ? version : null;
    }
}
