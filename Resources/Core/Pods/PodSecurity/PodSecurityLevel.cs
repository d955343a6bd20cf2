using System.Globalization;

namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity;

/// <summary>The levels of the Pod Security Standards, each stricter than the one before.</summary>
public enum PodSecurityLevel
{
    Privileged,
    Baseline,
    Restricted,
}

/// <summary>The version of Kubernetes whose standards count.</summary>
/// <param name="Minor">The x of <c>v1.x</c>; null is <c>latest</c>.</param>
public readonly record struct PodSecurityVersion(long? Minor)
{
    /// <summary>The x of the Kubernetes whose API this is.</summary>
    public const long Newest = 36;

    public static PodSecurityVersion Latest => default;

    /// <summary>Reads <c>latest</c> or <c>v1.x</c>.</summary>
    public static bool TryParse(string text, out PodSecurityVersion version)
    {
        version = Latest;
        if (text == "latest")
        {
            return true;
        }

        var minor = text.StartsWith("v1.", StringComparison.Ordinal) ? text.AsSpan(3) : [];
        if (minor.Length == 0 || minor.ContainsAnyExceptInRange('0', '9') || (minor.Length > 1 && minor[0] == '0') ||
            !long.TryParse(minor, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        version = new PodSecurityVersion(number);
        return true;
    }

    public override string ToString() =>
        Minor is { } minor ? string.Create(CultureInfo.InvariantCulture, $"v1.{minor}") : "latest";
}

/// <summary>A level as one version knows it.</summary>
public readonly record struct LevelVersion(PodSecurityLevel Level, PodSecurityVersion Version)
{
    /// <summary>For example <c>baseline</c>.</summary>
    public string LevelName => NameOf(Level);

    /// <summary>For example <c>baseline:latest</c>.</summary>
    public override string ToString() => $"{LevelName}:{Version}";

    /// <summary>The level of a label's value.</summary>
    public static bool TryParseLevel(string text, out PodSecurityLevel level)
    {
        (level, var known) = text switch
        {
            "privileged" => (PodSecurityLevel.Privileged, true),
            "baseline" => (PodSecurityLevel.Baseline, true),
            _ => (PodSecurityLevel.Restricted, text == "restricted"),
        };
        return known;
    }

    private static string NameOf(PodSecurityLevel level) => level switch
    {
        PodSecurityLevel.Privileged => "privileged",
        PodSecurityLevel.Baseline => "baseline",
        _ => "restricted",
    };
}
