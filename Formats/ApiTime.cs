using System.Globalization;

namespace OrleansOrchestrator.Formats;

/// <summary>Times as the API has them: upstream's <c>metav1.Time</c> has whole seconds, in UTC.</summary>
public static class ApiTime
{
    /// <summary>A moment without its fraction of a second.</summary>
    public static DateTime Seconds(DateTimeOffset time) => Seconds(time.UtcDateTime);

    /// <summary>The same for one that is in UTC already.</summary>
    public static DateTime Seconds(DateTime utc) =>
        new(utc.Ticks - (utc.Ticks % TimeSpan.TicksPerSecond), DateTimeKind.Utc);

    /// <summary>A moment as JSON has it: <c>2006-01-02T15:04:05Z</c>.</summary>
    public static string ToApiText(this DateTimeOffset time) => time.UtcDateTime.ToApiText();

    /// <summary>The same for one that is in UTC already.</summary>
    public static string ToApiText(this DateTime utc) =>
        utc.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A moment as <c>metav1.MicroTime</c> has it in JSON: <c>2006-01-02T15:04:05.000000Z</c>.</summary>
    public static string ToApiMicroText(this DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
