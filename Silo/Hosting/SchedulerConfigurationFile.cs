using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Scheduling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What a KubeSchedulerConfiguration says.</summary>
/// <param name="Profiles">The ways to schedule.</param>
/// <param name="PercentageOfNodesToScore">For profiles that say nothing of it; 0 chooses by cluster size.</param>
public sealed record SchedulerSettings(IReadOnlyList<SchedulerProfile> Profiles, int PercentageOfNodesToScore);

/// <summary>
/// Upstream's <c>--config</c> of kube-scheduler. What concerns a scheduler as a process of its own (how it connects,
/// who leads) means nothing here and is passed over; what the scheduler cannot do is refused.
/// </summary>
public static class SchedulerConfigurationFile
{
    private const string ApiVersion = "kubescheduler.config.k8s.io/v1";
    private const int MaxPercentage = 100;

    private static readonly string[] OfTheProcess =
    [
        "clientConnection", "leaderElection", "enableProfiling", "enableContentionProfiling", "parallelism",
        "delayCacheUntilActive",
    ];

    /// <summary>Reads the file; what it does not say is as upstream has it.</summary>
    public static SchedulerSettings Read(string path)
    {
        try
        {
            var content = File.Exists(path)
                ? File.ReadAllBytes(path)
                : throw new UserErrorException($"{path} does not exist.");
            return Read(content);
        }
        catch (ConfigurationException bad)
        {
            throw new UserErrorException($"{path}: {bad.Message}");
        }
    }

    internal static SchedulerSettings Read(ReadOnlySpan<byte> content) =>
        ConfigurationFile.Read(content, "KubeSchedulerConfiguration", [ApiVersion], Read);

    private static SchedulerSettings Read(ConfigurationNode root)
    {
        foreach (var name in OfTheProcess)
        {
            _ = root.Has(name);
        }

        foreach (var name in (string[])["extenders", "podInitialBackoffSeconds", "podMaxBackoffSeconds"])
        {
            if (root.Foreign(name) is { } value && value.GetRawText() is not "[]")
            {
                throw new ConfigurationException($"{name}: Forbidden: this cannot be chosen here");
            }
        }

        var nodes = root.Children("profiles");
        List<SchedulerProfile> profiles = nodes.Count == 0
            ? [new SchedulerProfile()]
            : [.. nodes.Select((n, i) => SchedulerProfileReader.Read(n, $"profiles[{i}]", NameOf(n, i, nodes.Count)))];
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, profile) in profiles.Index())
        {
            if (!known.Add(profile.Name))
            {
                throw new ConfigurationException(
                    $"profiles[{i}].schedulerName: Duplicate value: {GoText.Quote(profile.Name)}");
            }
        }

        return new SchedulerSettings(profiles, Percentage(root, "percentageOfNodesToScore") ?? 0);
    }

    /// <summary>A part of all nodes; null when nothing is said.</summary>
    internal static int? Percentage(ConfigurationNode node, string path)
    {
        const string field = "percentageOfNodesToScore";
        int? part = node.Has(field) ? node.Number(field) : null;
        return part is null or (>= 0 and <= MaxPercentage)
            ? part
            : throw new ConfigurationException($"{path}: Invalid value: {part}: not in valid range [0-100]");
    }

    private static string NameOf(ConfigurationNode node, int index, int count) => node.Text("schedulerName") switch
    {
        { Length: > 0 } name => name,
        _ when count == 1 => SchedulerNames.Default,
        _ => throw new ConfigurationException($"profiles[{index}].schedulerName: Required value"),
    };
}
