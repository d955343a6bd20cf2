using System.ComponentModel;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Logs;

/// <summary>
/// What collectors of logs look for: <c>containers/POD_NAMESPACE_CONTAINER-ID.log</c> beside the directory of pod logs,
/// a link to the log of one container instance. A link lives as long as the log: who deletes a log removes its links,
/// and a sweep finds those that outlived theirs. The runtime and the cluster do without: what fails is said and passed
/// over. Others may have the directory mounted, so it is reached as <see cref="HeldDirectory"/> says.
/// </summary>
public sealed partial class ContainerLogLinks(NodeAgentOptions options, ILogger<ContainerLogLinks> logger)
{
    private const string Extension = ".log";

    /// <summary>What a file's name may have, on the file systems of nodes.</summary>
    private const int MaxNameBytes = 255;

    private readonly string _directory = options.ContainerLogsDirectory;

    /// <summary>
    /// A pod's name and namespace may fill a name alone: then it is cut, as upstream cuts it. Pure.
    /// </summary>
    public static string NameOf(string pod, string podNamespace, string container, string containerId)
    {
        var name = $"{pod}_{podNamespace}_{container}-{containerId}";
        return name[..Math.Min(name.Length, MaxNameBytes - Extension.Length)] + Extension;
    }

    /// <summary>
    /// Links the log of a container that was started; one that the runtime does not write has no link.
    /// </summary>
    public void Add(string pod, string podNamespace, string container, string containerId, string logPath)
    {
        if (!File.Exists(logPath))
        {
            return;
        }

        Try(() =>
        {
            OwnFiles.MakePrivate(_directory);
            using var links = HeldDirectory.Open(_directory);
            var name = NameOf(pod, podNamespace, container, containerId);
            Linux.Unlink(links.PathOf(name));
            links.MakeLink(name, logPath);
        });
    }

    /// <summary>Removes the links to a log, or to all in a directory, that is deleted.</summary>
    public void Remove(string log) =>
        RemoveWhere(target => target == log || target.StartsWith(log + "/", StringComparison.Ordinal));

    /// <summary>
    /// Removes the links whose log is gone. Not while a log is being rotated: for a moment it has no file of its name.
    /// </summary>
    public void RemoveDead() => RemoveWhere(static target => !File.Exists(target));

    private void RemoveWhere(Func<string, bool> isMeant)
    {
        if (!Directory.Exists(_directory))
        {
            return;
        }

        Try(() =>
        {
            using var links = HeldDirectory.Open(_directory);
            var dead = links.Entries().Where(e => e.Name.EndsWith(Extension, StringComparison.Ordinal)
                && links.LinkTarget(e.Name) is { } target && isMeant(target)).ToList();
            foreach (var link in dead)
            {
                Linux.Unlink(links.PathOf(link.Name));
            }
        });
    }

    private void Try(Action change)
    {
        try
        {
            change();
        }
        catch (Exception failure) when (failure is IOException or Win32Exception or UnauthorizedAccessException)
        {
            LogFailed(_directory, failure.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Links to logs in {Directory} are not up to date: {Problem}")]
    private partial void LogFailed(string directory, string problem);
}
