namespace OrleansOrchestrator.NodeAgent.Plugins;

/// <summary>A plugin that has made itself known.</summary>
/// <param name="Name">What it calls itself: a driver's name.</param>
/// <param name="Endpoint">The socket at which it works; that of its registration when it names no other.</param>
/// <param name="Versions">Versions of its API that it speaks.</param>
public sealed record Plugin(string Name, string Endpoint, IReadOnlyList<string> Versions);

/// <summary>Takes plugins of one type; another type is another handler.</summary>
public interface IPluginHandler
{
    /// <summary>What plugins of this type say that they are, as <c>CSIPlugin</c>.</summary>
    string Type { get; }

    /// <summary>Why the plugin cannot be taken, before anything is done; null when it can.</summary>
    string? Problem(Plugin plugin);

    /// <summary>
    /// Takes a plugin with which there is no problem, wholly or not at all. A <see cref="PluginException"/> says why
    /// not.
    /// </summary>
    Task RegisterAsync(Plugin plugin, CancellationToken cancellationToken);

    /// <summary>The plugin is there no more.</summary>
    Task DeregisterAsync(Plugin plugin, CancellationToken cancellationToken);
}

/// <summary>A plugin cannot be taken; the text is told to it, and logged.</summary>
public sealed class PluginException(string message) : Exception(message);
