using System.Globalization;

namespace OrleansOrchestrator.Resources.Core.Secrets;

/// <summary>
/// What is kept of the use of tokens in Secrets, so that those out of use go one day (upstream's
/// <c>pkg/serviceaccount</c> and <c>legacytokentracking</c>): days, as text, in UTC.
/// </summary>
public static class LegacyTokens
{
    public const string LastUsedLabel = "kubernetes.io/legacy-token-last-used";

    /// <summary>Set on a Secret whose token was long out of use.</summary>
    public const string InvalidSinceLabel = "kubernetes.io/legacy-token-invalid-since";

    /// <summary>The ConfigMap of <c>kube-system</c> that says since when uses have been noted.</summary>
    public const string TrackingName = "kube-apiserver-legacy-service-account-token-tracking";

    public const string SinceKey = "since";

    private const string Format = "yyyy-MM-dd";

    /// <summary>A day as labels hold it.</summary>
    public static string Day(DateTimeOffset time) => time.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);

    /// <summary>The beginning of a day; null when the text is none.</summary>
    public static DateTimeOffset? Read(string? day) =>
        DateTime.TryParseExact(
            day, Format, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;
}
