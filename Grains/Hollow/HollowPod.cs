using System.Globalization;
using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Hollow;

/// <summary>A pod on a hollow node.</summary>
internal sealed class HollowPod(ObjectKey key, string uid, HollowNode node)
{
    /// <summary>
    /// Annotation that makes a pod end by itself, for example <c>2.5s</c> or <c>3m</c>; for pods whose restart policy
    /// allows them to end.
    /// </summary>
    public const string RunDurationAnnotation = "hollow-node/run-duration";

    /// <summary>Annotation with the exit code that goes with it; other than 0 makes the pod Failed.</summary>
    public const string ExitCodeAnnotation = "hollow-node/exit-code";

    public ObjectKey Key { get; } = key;

    public string Uid { get; } = uid;

    public HollowNode Node { get; } = node;

    /// <summary>The newest version seen.</summary>
    public ResourceObject Object { get; set; } = null!;

    public HollowPodPhase Phase { get; set; }

    public string? Address { get; set; }

    public DateTimeOffset StartedAt { get; set; }

    /// <summary>When the container processes end by themselves; null for never.</summary>
    public static TimeSpan? RunDuration(ResourceObject pod, JsonElement spec) =>
        pod.Metadata.Annotations.TryGetValue(RunDurationAnnotation, out var text)
        && spec.TryGetProperty("restartPolicy", out var policy)
        && (policy.ValueEquals("Never") || (policy.ValueEquals("OnFailure") && ExitCode(pod) == 0))
            ? ParseDuration(text)
            : null;

    public static int ExitCode(ResourceObject pod) =>
        pod.Metadata.Annotations.TryGetValue(ExitCodeAnnotation, out var text)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            ? code
            : 0;

    /// <summary>A number with ms, s, m or h; null when it is something else.</summary>
    public static TimeSpan? ParseDuration(string text)
    {
        var end = text.AsSpan().LastIndexOfAnyInRange('0', '9') + 1;
        if (!double.TryParse(text.AsSpan(0, end), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number > TimeSpan.FromDays(365).TotalSeconds)
        {
            return null;
        }

        return text[end..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            _ => null,
        };
    }
}

/// <summary>How far a hollow pod is.</summary>
internal enum HollowPodPhase
{
    /// <summary>Bound; a start is due.</summary>
    Starting,
    Running,

    /// <summary>Succeeded or Failed.</summary>
    Finished,

    /// <summary>Deletion was asked for; removal is due.</summary>
    Terminating,
}
