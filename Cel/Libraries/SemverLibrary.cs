using System.Globalization;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>Versions as semver.org orders them.</summary>
public static class SemverLibrary
{
    private static readonly CelType SemverType = CelType.Opaque("kubernetes.Semver");

    internal static CelLibrary Library { get; } = new()
    {
        Types = [SemverType],
        Functions =
        [
            CelFunction.Of("semver",
                ("string_to_semver", "(string) kubernetes.Semver", static a => Parse(a[0].AsString, false)),
                ("string_bool_to_semver", "(string, bool) kubernetes.Semver", static a =>
                    Parse(a[0].AsString, a[1].IsTrue))),
            CelFunction.Of("isSemver",
                ("is_semver_string", "(string) bool", static a => CelValue.Of(!Parse(a[0].AsString, false).IsError)),
                ("is_semver_string_bool", "(string, bool) bool", static a =>
                    CelValue.Of(!Parse(a[0].AsString, a[1].IsTrue).IsError))),
            CelFunction.Of("isLessThan", ("semver_is_less_than", "kubernetes.Semver.(kubernetes.Semver) bool",
                static a =>
                CelValue.Of(Of(a[0]).CompareTo(Of(a[1])) < 0))),
            CelFunction.Of("isGreaterThan", ("semver_is_greater_than", "kubernetes.Semver.(kubernetes.Semver) bool",
                static a => CelValue.Of(Of(a[0]).CompareTo(Of(a[1])) > 0))),
            CelFunction.Of("compareTo", ("semver_compare_to", "kubernetes.Semver.(kubernetes.Semver) int", static a =>
                CelValue.Of((long)Math.Sign(Of(a[0]).CompareTo(Of(a[1])))))),
            Part("major", static v => v.Numbers[0]),
            Part("minor", static v => v.Numbers[1]),
            Part("patch", static v => v.Numbers[2]),
        ],
    };

    /// <summary>A version as a value, for what gives expressions versions; an error when it is none.</summary>
    public static CelValue Of(string version) => Parse(version, false);

    private static Semver Of(in CelValue value) => (Semver)value.AsOpaque;

    private static CelFunction Part(string name, Func<Semver, ulong> part) =>
        CelFunction.Of(name, ($"semver_{name}", "kubernetes.Semver.() int", a => CelValue.Of((long)part(Of(a[0])))));

    private static CelValue Parse(string text, bool normalizes)
    {
        var version = normalizes ? Normalized(text) : text;
        var build = version.IndexOf('+', StringComparison.Ordinal);
        var rest = build < 0 ? version : version[..build];
        var dash = rest.IndexOf('-', StringComparison.Ordinal);
        var core = (dash < 0 ? rest : rest[..dash]).Split('.');
        var pre = dash < 0 ? [] : rest[(dash + 1)..].Split('.');
        var builds = build < 0 ? [] : version[(build + 1)..].Split('.');
        if (core.Length != 3)
        {
            return Refuse("No Major.Minor.Patch elements found");
        }

        var numbers = new ulong[3];
        for (var i = 0; i < 3; i++)
        {
            if (core[i].Length > 1 && core[i][0] == '0')
            {
                return Refuse($"{PartName(i)} number must not contain leading zeroes \"{core[i]}\"");
            }

            if (!ulong.TryParse(core[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return Refuse($"Invalid character(s) found in {PartName(i).ToLowerInvariant()} number \"{core[i]}\"");
            }
        }

        if (pre.Concat(builds).FirstOrDefault(static p =>
            p.Length == 0 || !p.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-')) is { } bad)
        {
            return Refuse(bad.Length == 0 ? "Prerelease is empty"
                : $"Invalid character(s) found in prerelease \"{bad}\"");
        }

        if (pre.FirstOrDefault(static p => p.Length > 1 && p[0] == '0' && p.All(char.IsAsciiDigit)) is { } zeros)
        {
            return Refuse($"Numeric PreRelease version must not contain leading zeroes \"{zeros}\"");
        }

        return CelValue.Of(new Semver(version, numbers, pre));
    }

    private static string PartName(int index) => index switch { 0 => "Major", 1 => "Minor", _ => "Patch" };

    private static CelValue Refuse(string why) =>
        CelValue.OfError($"Semver parse error during conversion from string: {why}");

    /// <summary>Without a leading v, with all three numbers, and none with leading zeros.</summary>
    private static string Normalized(string text)
    {
        var version = text.StartsWith('v') ? text[1..] : text;
        var end = version.IndexOfAny(['-', '+']);
        var core = (end < 0 ? version : version[..end]).Split('.');
        var padded = core.Select(static p => p.Length > 1 ? p.TrimStart('0') is { Length: > 0 } kept ? kept : "0" : p)
            .Concat(Enumerable.Repeat("0", Math.Max(0, 3 - core.Length)));
        return string.Join('.', padded) + (end < 0 ? "" : version[end..]);
    }

    private sealed class Semver(string text, ulong[] numbers, string[] pre) : CelOpaque, IEquatable<Semver>
    {
        public ulong[] Numbers => numbers;

        public override CelType Type => SemverType;

        public int CompareTo(Semver other)
        {
            for (var i = 0; i < 3; i++)
            {
                if (numbers[i] != other.Numbers[i])
                {
                    return numbers[i].CompareTo(other.Numbers[i]);
                }
            }

            return (pre.Length == 0, other.Pre.Length == 0) switch
            {
                (true, true) => 0,
                (true, false) => 1,
                (false, true) => -1,
                _ => ComparePre(pre, other.Pre),
            };
        }

        private string[] Pre => pre;

        public bool Equals(Semver? other) => other is not null && CompareTo(other) == 0;

        public override bool Equals(object? obj) => Equals(obj as Semver);

        public override int GetHashCode() => HashCode.Combine(numbers[0], numbers[1], numbers[2]);

        public override string ToString() => text;

        private static int ComparePre(string[] left, string[] right)
        {
            for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
            {
                var (a, b) = (left[i].All(char.IsAsciiDigit), right[i].All(char.IsAsciiDigit));
                var order = a && b ? (left[i].Length, left[i]).CompareTo((right[i].Length, right[i]))
                    : a != b ? (a ? -1 : 1)
                    : string.CompareOrdinal(left[i], right[i]);
                if (order != 0)
                {
                    return order;
                }
            }

            return left.Length.CompareTo(right.Length);
        }
    }
}
