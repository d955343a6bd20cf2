namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Whether the mutating plugins see a write once more: they do when somebody from outside (a webhook, a policy) has
/// changed the object. Those from outside are asked again only if they want to be.
/// </summary>
public sealed class ReinvocationContext
{
    private readonly Dictionary<string, PluginReinvocation> _plugins = new(StringComparer.Ordinal);

    /// <summary>This is the second round.</summary>
    public bool IsReinvoke { get; internal set; }

    /// <summary>There is to be a second round.</summary>
    public bool IsWanted { get; private set; }

    /// <summary>Somebody from outside has changed the object.</summary>
    public void Want() => IsWanted = true;

    /// <summary>What a plugin remembers from the first round to the second.</summary>
    public PluginReinvocation Of(string plugin) =>
        _plugins.TryGetValue(plugin, out var known) ? known : _plugins[plugin] = new PluginReinvocation();
}

/// <summary>Whom a plugin asks again.</summary>
public sealed class PluginReinvocation
{
    private readonly HashSet<string> _again = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private byte[]? _left;

    /// <summary>True for those that are asked in the second round.</summary>
    public bool IsAskedAgain(string uid) => _again.Contains(uid);

    /// <summary>One that wants to be asked again when others change what it has seen.</summary>
    public void Asked(string uid) => _asked.Add(uid);

    /// <summary>The object has changed: those that have seen it are to see it again.</summary>
    public void Changed()
    {
        _again.UnionWith(_asked);
        _asked.Clear();
    }

    /// <summary>The object as the plugin leaves it.</summary>
    public void Leaves(byte[] item) => _left = item;

    /// <summary>True when the object is not as the plugin has left it.</summary>
    public bool IsChangedSince(byte[] item) => _left is null || !_left.AsSpan().SequenceEqual(item);
}
