using System.Globalization;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>Versions as semver.org orders them.</summary>
public static class SemverLibrary
{
    private static readonly CelType SemverType = CelType.Opaque("kubernetes.Semver");
    private static readonly string[] Parts = ["Major", "Minor", "Patch"];

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
        if (!normalizes)
        {
            return Parse(text);
        }

        // The last of the numbers has what follows them.
        var parts = (text.StartsWith('v') ? text[1..] : text).Split('.', 3).Select(WithoutZeros).ToList();
        if (parts.Count < 3 && parts[^1].AsSpan().IndexOfAny('+', '-') >= 0)
        {
            return CelValue.OfError("short version cannot contain PreRelease/Build meta data");
        }

        return Parse(string.Join('.', parts.Concat(Enumerable.Repeat("0", 3 - parts.Count))));
    }

    private static string WithoutZeros(string part)
    {
        var rest = part.Length > 1 ? part.TrimStart('0') : part;
        return part.Length > 1 && (rest.Length == 0 || !char.IsAsciiDigit(rest[0])) ? "0" + rest : rest;
    }

    /// <summary>Strictly, and with the reasons of the library that upstream reads versions with.</summary>
    private static CelValue Parse(string text)
    {
        if (text.Length == 0)
        {
            return CelValue.OfError("Version string empty");
        }

        var parts = text.Split('.', 3);
        if (parts.Length < 3)
        {
            return CelValue.OfError("No Major.Minor.Patch elements found");
        }

        var (patch, build) = Cut(parts[2], '+');
        (patch, var pre) = Cut(patch, '-');
        parts[2] = patch;
        var numbers = new ulong[3];
        var wrong = Enumerable.Range(0, 3).Select(i => ReadNumber(parts[i], Parts[i], out numbers[i]))
            .Concat(pre.Select(WrongPrerelease)).Concat(build.Select(WrongBuild))
            .FirstOrDefault(static w => w is not null);
        return wrong is null ? CelValue.Of(new Semver(text, numbers, pre)) : CelValue.OfError(wrong);
    }

    private static (string Before, string[] After) Cut(string text, char mark) =>
        text.IndexOf(mark, StringComparison.Ordinal) is >= 0 and var at
            ? (text[..at], text[(at + 1)..].Split('.'))
            : (text, []);

    private static string? ReadNumber(string text, string part, out ulong number)
    {
        number = 0;
        return !text.All(char.IsAsciiDigit)
                ? $"Invalid character(s) found in {part.ToLowerInvariant()} number \"{text}\""
            : text.Length > 1 && text[0] == '0' ? $"{part} number must not contain leading zeroes \"{text}\""
            : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) ? null
            : $"strconv.ParseUint: parsing \"{text}\": {(text.Length == 0 ? "invalid syntax" : "value out of range")}";
    }

    private static string? WrongPrerelease(string part) => part.Length == 0 ? "Prerelease is empty"
        : part.All(char.IsAsciiDigit)
            ? part.Length > 1 && part[0] == '0'
                ? $"Numeric PreRelease version must not contain leading zeroes \"{part}\""
                : null
        : IsWord(part) ? null
        : $"Invalid character(s) found in prerelease \"{part}\"";

    private static string? WrongBuild(string part) => part.Length == 0 ? "Build meta data is empty"
        : IsWord(part) ? null
        : $"Invalid character(s) found in build meta data \"{part}\"";

    private static bool IsWord(string part) => part.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-');

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
