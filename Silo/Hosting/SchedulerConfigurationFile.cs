using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.Interfaces.Scheduling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What a KubeSchedulerConfiguration says.</summary>
/// <param name="Profiles">The ways to schedule.</param>
/// <param name="PercentageOfNodesToScore">For profiles that say nothing of it; 0 chooses by cluster size.</param>
/// <param name="Extenders">Servers that have a say in where pods go.</param>
/// <param name="Backoff">How long pods wait after attempts that failed.</param>
public sealed record SchedulerSettings(
    IReadOnlyList<SchedulerProfile> Profiles,
    int PercentageOfNodesToScore,
    IReadOnlyList<ExtenderSettings> Extenders,
    SchedulingBackoff Backoff);

/// <summary>
/// Upstream's <c>--config</c> of kube-scheduler. What concerns a scheduler as a process of its own (how it connects,
/// who leads) means nothing here and is passed over; what the scheduler cannot do is refused.
/// </summary>
public static class SchedulerConfigurationFile
{
    private const string ApiVersion = "kubescheduler.config.k8s.io/v1";
    private const string PercentageField = "percentageOfNodesToScore";
    private const int MaxPercentage = 100;

    private static readonly string[] OfTheProcess =
    [
        "clientConnection", "leaderElection", "enableProfiling", "enableContentionProfiling", "delayCacheUntilActive",
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

    internal static SchedulerSettings Read(ReadOnlySpan<byte> content)
    {
        var errors = new FieldErrors();
        var settings = ConfigurationFile.Read(
            content, "KubeSchedulerConfiguration", [ApiVersion], root => Read(root, errors));
        return errors.Count == 0 ? settings : throw new ConfigurationException(errors.ToText());
    }

    private static SchedulerSettings Read(ConfigurationNode root, FieldErrors errors)
    {
        foreach (var name in OfTheProcess)
        {
            _ = root.Has(name);
        }

        if (root.MaybeNumber("parallelism") is <= 0 and var workers)
        {
            errors.Invalid(FieldPath.Of("parallelism"), workers, "should be an integer value greater than zero");
        }

        var profiles = ReadProfiles(root, errors);
        var percentage = Percentage(root, FieldPath.Of(PercentageField), errors) ?? 0;
        var backoff = ReadBackoff(root, errors);
        var (extenders, ignored) = SchedulerExtenderReader.Read(root, errors);
        return new SchedulerSettings(
            ignored.Count == 0 ? profiles : [.. profiles.Select(p => Ignoring(p, ignored))],
            percentage,
            extenders,
            backoff);
    }

    /// <summary>A part of all nodes; null when nothing is said.</summary>
    private static int? Percentage(ConfigurationNode node, FieldPath path, FieldErrors errors)
    {
        var part = node.MaybeNumber(PercentageField);
        if (part is < 0 or > MaxPercentage)
        {
            errors.Invalid(path, part, "not in valid range [0-100]");
        }

        return part;
    }

    private static List<SchedulerProfile> ReadProfiles(ConfigurationNode root, FieldErrors errors)
    {
        var nodes = root.Children("profiles");
        var (profiles, known) = (new List<SchedulerProfile>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var (i, node) in nodes.Index())
        {
            var path = FieldPath.Of("profiles").Index(i);
            var name = node.Text("schedulerName") is { Length: > 0 } said ? said
                : nodes.Count == 1 ? SchedulerNames.Default
                : "";
            if (name.Length == 0)
            {
                errors.Required(path.Child("schedulerName"));
            }

            var profile = SchedulerProfileReader.Read(node, path, name, errors);
            if (!known.Add(name))
            {
                errors.Duplicate(path.Child("schedulerName"), name);
            }

            profiles.Add(profile with
            {
                PercentageOfNodesToScore = Percentage(node, path.Child(PercentageField), errors),
            });
        }

        return profiles.Count == 0 ? [new SchedulerProfile()] : profiles;
    }

    private static SchedulingBackoff ReadBackoff(ConfigurationNode root, FieldErrors errors)
    {
        const string initial = "podInitialBackoffSeconds", max = "podMaxBackoffSeconds";
        var usual = new SchedulingBackoff();
        var first = root.MaybeNumber(initial) is { } least ? TimeSpan.FromSeconds(least) : usual.Initial;
        var last = root.MaybeNumber(max) is { } most ? TimeSpan.FromSeconds(most) : usual.Max;
        if (first <= TimeSpan.Zero)
        {
            errors.Invalid(FieldPath.Of(initial), (long)first.TotalSeconds, "must be greater than 0");
        }

        if (last < first)
        {
            errors.Invalid(
                FieldPath.Of(max),
                (long)last.TotalSeconds,
                "must be greater than or equal to PodInitialBackoffSeconds");
        }

        return new SchedulingBackoff { Initial = first, Max = last };
    }

    /// <summary>As upstream has it, what extenders say takes the place of what a profile says.</summary>
    private static SchedulerProfile Ignoring(SchedulerProfile profile, IReadOnlySet<string> resources) =>
        profile with { IgnoredResources = profile.IgnoredResources with { Names = resources } };
}
