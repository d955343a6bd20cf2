using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Upstream's names of where plugins take part, as metrics have them.</summary>
public static class ExtensionPoints
{
    public const string PreEnqueue = "PreEnqueue";
    public const string PreFilter = "PreFilter";
    public const string Filter = "Filter";
    public const string PostFilter = "PostFilter";
    public const string Score = "Score";
    public const string Reserve = "Reserve";
    public const string PreBind = "PreBind";
    public const string Bind = "Bind";
}

/// <summary>Upstream's names of what came of running plugins.</summary>
public static class PluginStatus
{
    public const string Success = "Success";
    public const string Error = "Error";
    public const string Unschedulable = "Unschedulable";
    public const string Unresolvable = "UnschedulableAndUnresolvable";

    public static string Of(Verdict? verdict) => verdict switch
    {
        null => Success,
        { IsError: true } => Error,
        { IsResolvable: true } => Unschedulable,
        _ => Unresolvable,
    };
}

/// <summary>
/// Measures how long the plugins of one profile take: all of an extension point together in every attempt, each by
/// itself in one attempt of <see cref="SampledAttempts"/>, for it costs about as much as the plugins do. Of one thread.
/// </summary>
/// <param name="metrics">Told of it; null for nobody.</param>
/// <param name="profile">Its name.</param>
/// <param name="time">The clock.</param>
public sealed class ExtensionTimes(SchedulerMetrics? metrics, string profile, TimeProvider time)
{
    /// <summary>Upstream samples one attempt in ten, too, but by chance: here chance belongs to decisions alone.
    /// </summary>
    public const int SampledAttempts = 10;

    private int _attempts;

    /// <summary>For whom nothing is measured.</summary>
    public static ExtensionTimes None { get; } = new(null, "", TimeProvider.System);

    /// <summary>True when each plugin of this attempt is measured.</summary>
    public bool IsSampled { get; private set; }

    /// <summary>An attempt begins; says when.</summary>
    public long Begin()
    {
        IsSampled = metrics is not null && _attempts == 0;
        _attempts = (_attempts + 1) % SampledAttempts;
        return Now();
    }

    /// <summary>By the clock; nothing where nobody is told.</summary>
    public long Now() => metrics is null ? 0 : time.GetTimestamp();

    /// <summary>The plugins of an extension point have run since then; says when that ended.</summary>
    public long Ended(string point, string status, long since)
    {
        metrics?.PointEnded(point, status, profile, time.GetElapsedTime(since));
        return Now();
    }

    /// <summary>One plugin begins; says when, where it is sampled.</summary>
    public long PluginBegins() => IsSampled ? time.GetTimestamp() : 0;

    /// <summary>One plugin has run since then; counts for nothing where it is not sampled.</summary>
    public void PluginEnded(string plugin, string point, string status, long since)
    {
        if (IsSampled)
        {
            metrics!.PluginEnded(plugin, point, status, time.GetElapsedTime(since));
        }
    }

    /// <summary>Asks a filter, and measures it.</summary>
    public Verdict? Filter(IFilterPlugin plugin, PodInfo pod, NodeInfo node)
    {
        var since = PluginBegins();
        var verdict = plugin.Filter(pod, node);
        PluginEnded(plugin.Name, ExtensionPoints.Filter, PluginStatus.Of(verdict), since);
        return verdict;
    }

    /// <summary>Asks a rule about other pods, and measures it.</summary>
    public Verdict? Filter(IPodRelations relations, string plugin, NodeInfo node)
    {
        var since = PluginBegins();
        var verdict = relations.Filter(node);
        PluginEnded(plugin, ExtensionPoints.Filter, PluginStatus.Of(verdict), since);
        return verdict;
    }

    /// <summary>Asks for a score, and measures that.</summary>
    public int Score(IScorePlugin plugin, PodShape pod, NodeInfo node)
    {
        var since = PluginBegins();
        var score = plugin.Score(pod, node);
        PluginEnded(plugin.Name, ExtensionPoints.Score, PluginStatus.Success, since);
        return score;
    }
}
