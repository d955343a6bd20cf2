namespace OrleansOrchestrator.Resources.Batch.CronJobs;

/// <summary>Names of time zones as Go's <c>time.LoadLocation</c> takes them: those of the IANA database.</summary>
internal static class TimeZoneNames
{
    /// <summary>The zone of the machine: known, but it means something else on each.</summary>
    public const string Local = "Local";

    private const string Utc = "UTC";
    private const int PartMaxLength = 14;

    /// <summary>True for a name that could be one (https://data.iana.org/time-zones/theory.html#naming).</summary>
    public static bool IsWellFormed(string name) => name.Split('/').All(IsPart);

    /// <summary>
    /// Why there is no such zone; null when there is one. Names are found in their own case only, which .NET forgets
    /// for zones that it has found before.
    /// </summary>
    public static string? FindError(string name) =>
        name is Utc or Local
        || (TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && zone.HasIanaId && zone.Id == name)
            ? null
            : $"unknown time zone {name}";

    /// <summary>
    /// A zone that there is. The machine's own is that of a control plane, whose silos must agree: UTC.
    /// </summary>
    public static TimeZoneInfo Find(string name) =>
        name is Utc or Local ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(name);

    private static bool IsPart(string part) =>
        part is not ("" or "." or "..") && part.Length <= PartMaxLength && part[0] != '-'
        && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '+');
}
