using System.Globalization;
using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Columns and cells that most kinds share.</summary>
public static class TableColumns
{
    public const string None = "<none>";
    public const string Unknown = "<unknown>";

    /// <summary>The first column of nearly every kind.</summary>
    public static readonly TableColumn Name = new("Name", "string", "name", MetadataTexts.Name);

    /// <summary>How long the object has existed.</summary>
    public static readonly TableColumn Age = new("Age", "string", "", MetadataTexts.CreationTimestamp);

    /// <summary>Columns of a kind without a printer of its own.</summary>
    public static readonly IReadOnlyList<TableColumn> NameAndAge =
    [
        Name,
        new("Created At", "date", "", MetadataTexts.CreationTimestamp),
    ];

    /// <summary>The cell under "Created At".</summary>
    public static string? CreatedAt(IKubernetesObject<V1ObjectMeta> item) =>
        item.Metadata.CreationTimestamp?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The cell under "Age".</summary>
    public static string AgeOf(IKubernetesObject<V1ObjectMeta> item, DateTimeOffset now) =>
        Since(item.Metadata.CreationTimestamp, now);

    /// <summary>How long ago something was, as people read it; <c>&lt;unknown&gt;</c> for never.</summary>
    public static string Since(DateTime? time, DateTimeOffset now) =>
        time is { } at ? HumanDuration(now.UtcDateTime - at.ToUniversalTime()) : Unknown;

    /// <summary>Labels as a cell: sorted pairs, or <c>&lt;none&gt;</c>.</summary>
    public static string Labels(IDictionary<string, string>? labels) => labels is null or { Count: 0 }
        ? None
        : string.Join(',', labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}"));

    /// <summary>
    /// A duration in at most two units: <c>45s</c>, <c>3m10s</c>, <c>5h</c>, <c>12d</c>, <c>2y30d</c>.
    /// </summary>
    public static string HumanDuration(TimeSpan duration)
    {
        // Clocks of machines differ a little: up to two seconds in the future count as now.
        var seconds = (long)duration.TotalSeconds;
        var minutes = (long)duration.TotalMinutes;
        var hours = (long)duration.TotalHours;
        return seconds switch
        {
            < -1 => "<invalid>",
            < 0 => "0s",
            < 120 => $"{seconds}s",
            _ when minutes < 10 => Two(minutes, "m", seconds % 60, "s"),
            _ when minutes < 180 => $"{minutes}m",
            _ when hours < 8 => Two(hours, "h", minutes % 60, "m"),
            _ when hours < 48 => $"{hours}h",
            _ when hours < 24 * 8 => Two(hours / 24, "d", hours % 24, "h"),
            _ when hours < 24 * 365 * 2 => $"{hours / 24}d",
            _ when hours < 24 * 365 * 8 => Two(hours / 24 / 365, "y", hours / 24 % 365, "d"),
            _ => $"{hours / 24 / 365}y",
        };
    }

    private static string Two(long major, string majorUnit, long minor, string minorUnit) =>
        minor == 0 ? $"{major}{majorUnit}" : $"{major}{majorUnit}{minor}{minorUnit}";
}
