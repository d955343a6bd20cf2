using System.Text.Json;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>How many Events are taken (upstream's <c>eventratelimit.admission.k8s.io</c>).</summary>
/// <param name="Limits">All of them count; none limits nothing.</param>
public sealed record EventRateLimits(IReadOnlyList<EventRateLimit> Limits)
{
    private static readonly ConfigurationKind[] Kinds =
        [new("Configuration", "eventratelimit.admission.k8s.io/v1alpha1")];

    /// <summary>A configuration in a file of its own.</summary>
    /// <exception cref="ConfigurationException">Something is wrong with it; all of it is told.</exception>
    public static EventRateLimits Read(ReadOnlySpan<byte> content) =>
        Checked(ConfigurationFile.ReadLeniently(content, Kinds, Read).Value);

    /// <summary>A configuration in an AdmissionConfiguration.</summary>
    /// <exception cref="ConfigurationException">Something is wrong with it; all of it is told.</exception>
    public static EventRateLimits Read(JsonElement content) =>
        Checked(ConfigurationFile.ReadLeniently(content, Kinds, Read).Value);

    private static EventRateLimits Read(ConfigurationNode root) => new(
        [
            .. root.Children("limits").Select(static l => new EventRateLimit(
                l.Text("type"), l.Number("qps"), l.Number("burst"), l.Number("cacheSize"))),
        ]);

    private static EventRateLimits Checked(EventRateLimits read)
    {
        var errors = new FieldErrors();
        var list = FieldPath.Of("limits");
        if (read.Limits.Count == 0)
        {
            errors.Invalid(list, Array.Empty<string>(), "must not be empty");
        }

        foreach (var (i, limit) in read.Limits.Index())
        {
            Check(limit, list.Index(i), errors);
        }

        return errors.Count == 0 ? read : throw new ConfigurationException(errors.ToText());
    }

    private static void Check(EventRateLimit limit, FieldPath path, FieldErrors errors)
    {
        if (!EventLimitTypes.All.Contains(limit.Type))
        {
            errors.NotSupported(path.Child("type"), limit.Type, EventLimitTypes.All);
        }

        if (limit.Burst <= 0)
        {
            errors.Invalid(path.Child("burst"), limit.Burst, "must be positive");
        }

        if (limit.Qps <= 0)
        {
            errors.Invalid(path.Child("qps"), limit.Qps, "must be positive");
        }

        if (limit.Type != EventLimitTypes.Server && limit.CacheSize < 0)
        {
            errors.Invalid(path.Child("cacheSize"), limit.CacheSize, "must not be negative");
        }
    }
}

/// <summary>One limit.</summary>
/// <param name="Type">What is counted together.</param>
/// <param name="Qps">So many a second.</param>
/// <param name="Burst">So many at once.</param>
/// <param name="CacheSize">Of how many it is known what they have sent; 0 for upstream's number.</param>
public sealed record EventRateLimit(string Type, int Qps, int Burst, int CacheSize);

/// <summary>What Events may be counted by.</summary>
public static class EventLimitTypes
{
    public const string Server = "Server";
    public const string Namespace = "Namespace";
    public const string User = "User";
    public const string SourceAndObject = "SourceAndObject";

    public static IReadOnlyList<string> All { get; } = [Namespace, Server, SourceAndObject, User];
}
